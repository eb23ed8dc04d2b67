// CRC-32C as RocksDB computes it, with the processor's instruction.
//
// Debian builds RocksDB for the oldest x86-64, where the checksum comes from a table at 1 GB/s: a
// quarter of all CPU time that the journal took. The release build links RocksDB's archive with
// `--wrap`, so that its calls come here instead (cmake/libraries.cmake). The function is the same
// one: data written by either is read by the other.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tideway::backend {

/// The checksum of some bytes and `data`, given `crc`, that of the bytes before (0 for none).
/// Polynomial 0x1EDC6F41, RFC 3720 appendix B.4. Any processor; fast where it has SSE 4.2.
uint32_t Crc32cExtend(uint32_t crc, const char* data,
                      size_t bytes) __asm__("__wrap__ZN7rocksdb6crc32c6ExtendEjPKcm");

}  // namespace tideway::backend
