// One recipe a command: how to make a random call of it. Tables by family.
#pragma once

#include <span>
#include <string_view>

#include "tests/differential/pools.h"
#include "tests/differential/step.h"

namespace tideway::tests {

struct Recipe {
  std::string_view command;  // as CommandName() tells it
  int weight;                // relative to the others of its family
  Args (*make)(Pools&);      // the arguments behind the command's words
};

struct Family {
  std::string_view name;
  int weight;
  std::span<const Recipe> recipes;
};

std::span<const Recipe> StringRecipes();
std::span<const Recipe> HashRecipes();
std::span<const Recipe> SetRecipes();
std::span<const Recipe> KeyRecipes();
std::span<const Recipe> TransactionRecipes();
std::span<const Recipe> PublishRecipes();
std::span<const Recipe> SubscribeRecipes();  // for lanes that subscribe
std::span<const Recipe> ConnectionRecipes();
std::span<const Recipe> ServerRecipes();
std::span<const Recipe> CommandRecipes();

std::span<const Family> Families();

// The words of `recipe.command` in random case, then the arguments.
Args MakeCall(const Recipe& recipe, Pools* pools);

// A complete call of any data command, for COMMAND GETKEYS and the like.
Args AnyDataCall(Pools* pools);

// Gives a key a TTL of a few milliseconds; and a command that meets that key.
Args ShortTtlCall(Pools* pools, std::string* key);
Args TouchCall(Pools* pools, const std::string& key);

}  // namespace tideway::tests
