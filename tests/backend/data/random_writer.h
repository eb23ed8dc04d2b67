// Random commands on a View and on a Model at once.
#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "backend/view.h"
#include "tests/backend/data/model.h"

namespace tideway::backend {

/// Makes random writes of every kind. After each Step() both hold the same keys.
class RandomWriter {
 public:
  struct Range {
    uint32_t databases = 3;
    uint32_t keys = 40;
    uint32_t members = 60;
    size_t value_bytes = 80;
    bool swaps = true;
    bool expires = true;
  };
  RandomWriter(View& view, Model& model, uint64_t seed, Range range)
      : view_(view), model_(model), random_(seed), range_(range) {}

  /// One command; time goes on by 0 to 3 ms. Expects what the View answers to be what the Model
  /// says.
  void Step();
  int64_t now_ms() const { return now_ms_; }

 private:
  uint64_t Pick(uint64_t below) { return random_() % below; }
  std::string RandomBytes();
  std::string RandomMember();
  std::string RandomKeyName() { return "key:" + std::to_string(Pick(range_.keys)); }
  ModelValue* Find(uint32_t db, const std::string& key);
  void Put(uint32_t db, const std::string& key, ModelValue value) {
    model_[db][key] = std::move(value);
  }
  void Drop(uint32_t db, const std::string& key);

  void StepString(Key& key, ModelValue* old);
  void StepHash(Key& key, ModelValue* old);
  void StepSet(Key& key, ModelValue* old);
  void StepGeneric(Key& key, ModelValue* old);
  void StepTransfer(Key& key, ModelValue* old);
  void StepWhole();

  View& view_;
  Model& model_;
  std::mt19937_64 random_;
  Range range_;
  int64_t now_ms_ = 1'700'000'000'000;
};

}  // namespace tideway::backend
