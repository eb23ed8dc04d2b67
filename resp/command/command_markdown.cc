#include "resp/command/command_markdown.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace tideway::resp {
namespace {

std::string Upper(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

std::string Names(const Command& row) {
  std::string names = Upper(row.name);
  std::vector<std::string> words;
  for (const Command& sub : row.subcommands) words.push_back(Upper(sub.name));
  std::sort(words.begin(), words.end());
  for (size_t i = 0; i < words.size(); ++i) names += (i == 0 ? " (" : " ") + words[i];
  if (!words.empty()) names += ')';
  return names;
}

}  // namespace

std::string CommandsMarkdown(const CommandTable& table) {
  std::vector<std::pair<std::string_view, std::vector<std::string>>> groups;
  for (const Command* row : table.top()) {
    if (row->Has(kRefusesHttp)) continue;  // a trap, not a command
    auto group = std::find_if(groups.begin(), groups.end(),
                              [row](const auto& g) { return g.first == row->group; });
    if (group == groups.end()) group = groups.insert(groups.end(), {row->group, {}});
    group->second.push_back(Names(*row));
  }
  std::string text = "| group | commands |\n| --- | --- |\n";
  for (auto& [group, names] : groups) {
    std::sort(names.begin(), names.end());
    text += fmt::format("| {} |", group);
    for (size_t i = 0; i < names.size(); ++i) text += (i == 0 ? " " : ", ") + names[i];
    text += " |\n";
  }
  return text;
}

}  // namespace tideway::resp
