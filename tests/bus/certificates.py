"""Certificates for servers and nodes of the tests, made by openssl."""

import subprocess


def make_certificate(folder, name, addresses, issuer=None):
    """Files of a certificate and its key, both PEM; an authority where no issuer is given.

    `addresses` are those of the one who shows it.
    """
    key, request, certificate, extensions = (str(folder / f"{name}.{end}")
                                             for end in ("key", "csr", "crt", "ext"))
    subprocess.run(["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}"],
                   check=True, capture_output=True)
    with open(extensions, "w", encoding="ascii") as file:
        file.write("subjectAltName=" + ",".join(f"IP:{each}" for each in addresses) + "\n"
                   if issuer else "basicConstraints=critical,CA:TRUE\n")
    signer = (["-CA", issuer[0], "-CAkey", issuer[1], "-CAcreateserial"] if issuer
              else ["-signkey", key])
    subprocess.run(["openssl", "x509", "-req", "-in", request, "-out", certificate, "-days", "2",
                    "-extfile", extensions, *signer], check=True, capture_output=True)
    return certificate, key
