#include "resp/shared_bytes.h"

#include <cassert>
#include <cstdlib>
#include <new>

namespace tideway::resp {
namespace {
// Large enough that many small messages share a chunk, small enough that one slow subscriber, which
// pins the whole chunk, pins little.
constexpr size_t kChunkBytes = 16 * 1024 - sizeof(SharedChunk);
}  // namespace

SharedChunk* SharedChunk::Create(size_t capacity) {
  void* memory = std::malloc(sizeof(SharedChunk) + capacity);
  if (memory == nullptr) throw std::bad_alloc();
  return new (memory) SharedChunk(capacity);
}

void SharedChunk::Unref() {
  if (refs_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  this->~SharedChunk();
  std::free(this);
}

ChunkWriter::~ChunkWriter() {
  if (chunk_ != nullptr) chunk_->Unref();
}

char* ChunkWriter::Reserve(size_t size) {
  if (chunk_ == nullptr || chunk_->capacity() - used_ < size) {
    if (chunk_ != nullptr) chunk_->Unref();
    chunk_ = SharedChunk::Create(size > kChunkBytes / 4 ? size : kChunkBytes);
    used_ = 0;
  }
  return chunk_->data() + used_;
}

SharedSlice ChunkWriter::Commit(size_t size) {
  assert(chunk_ != nullptr && used_ + size <= chunk_->capacity());
  SharedSlice slice(chunk_, chunk_->data() + used_, size);
  used_ += size;
  return slice;
}

}  // namespace tideway::resp
