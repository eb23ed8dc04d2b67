package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
)

// nkey prints a new user's public key and its seed.
func nkey() error {
	pair, err := nkeys.CreateUser()
	if err != nil {
		return err
	}
	public, err := pair.PublicKey()
	if err != nil {
		return err
	}
	seed, err := pair.Seed()
	if err != nil {
		return err
	}
	fmt.Println(public, string(seed))
	return nil
}

// authority is a pair of keys that signs what is below it.
type authority struct {
	pair   nkeys.KeyPair
	public string
}

func newAuthority(create func() (nkeys.KeyPair, error)) (authority, error) {
	pair, err := create()
	if err != nil {
		return authority{}, err
	}
	public, err := pair.PublicKey()
	return authority{pair, public}, err
}

// credentials writes user.creds and stranger.creds into the folder and prints the configuration of a
// server that knows the first one only.
func credentials(folder string) error {
	for _, name := range []string{"stranger", "user"} {
		operator, err := newAuthority(nkeys.CreateOperator)
		if err != nil {
			return err
		}
		account, err := newAuthority(nkeys.CreateAccount)
		if err != nil {
			return err
		}
		user, err := newAuthority(nkeys.CreateUser)
		if err != nil {
			return err
		}
		operatorToken, err := jwt.NewOperatorClaims(operator.public).Encode(operator.pair)
		if err != nil {
			return err
		}
		accountToken, err := jwt.NewAccountClaims(account.public).Encode(operator.pair)
		if err != nil {
			return err
		}
		userToken, err := jwt.NewUserClaims(user.public).Encode(account.pair)
		if err != nil {
			return err
		}
		seed, err := user.pair.Seed()
		if err != nil {
			return err
		}
		file, err := jwt.FormatUserConfig(userToken, seed)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, name+".creds"), file, 0o600); err != nil {
			return err
		}
		if name == "user" {
			fmt.Printf("operator: %s\nresolver: MEMORY\nresolver_preload: { %s: %s }\n",
				operatorToken, account.public, accountToken)
		}
	}
	return nil
}
