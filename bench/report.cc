#include "bench/report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace tideway::bench {
namespace {

constexpr double kClientIsLimit = 0.97;  ///< a generator this busy may have been the limit
constexpr double kDisturbed = 0.1;       ///< processors that others may use without a remark

/// 1,234,567 is unreadable in a table: three or four significant digits and a unit letter.
std::string Short(double value) {
  if (value >= 1e6) return fmt::format("{:.2f} M", value / 1e6);
  if (value >= 1e4) return fmt::format("{:.0f} k", value / 1e3);
  if (value >= 100) return fmt::format("{:.0f}", value);
  return fmt::format("{:.3g}", value);
}

std::string FloorText(const Row& row) {
  if (!row.floor) return "-";
  const char* sign = row.better == Better::kHigher ? ">=" : "<=";
  const char* unit = row.floor_on == FloorOn::kRatio ? "x" : row.unit.c_str();
  return fmt::format("{} {:.2g} {}", sign, *row.floor, unit);
}

const char* Verdict(const RowResult& result) {
  if (!result.failure.empty()) return "FAILED";
  if (!result.met) return "-";
  return *result.met ? "met" : "NOT MET";
}

std::optional<double> Mean(const std::vector<Sample>& runs, std::optional<double> Sample::*figure) {
  double sum = 0;
  for (const Sample& run : runs) {
    if (!(run.*figure)) return std::nullopt;
    sum += *(run.*figure);
  }
  if (runs.empty()) return std::nullopt;
  return sum / static_cast<double>(runs.size());
}

std::string SideNotes(const char* name, const SideResult& side) {
  std::string text;
  if (side.runs.empty()) return text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  const auto& runs = side.runs;
  if (const auto share = Mean(runs, &Sample::kernel_share)) {
    add(fmt::format("{:.0f} % in the kernel", 100 * *share));
  }
  if (const auto count = Mean(runs, &Sample::instructions_per_op)) {
    add(fmt::format("{:.0f} instructions an operation", *count));
  }
  if (const auto busy = Mean(runs, &Sample::server_busy)) {
    add(fmt::format("{:.2f} processors busy", *busy));
  }
  if (const auto busy = Mean(runs, &Sample::client_busy)) {
    add(fmt::format("generator {:.2f}{}", *busy, *busy > kClientIsLimit ? " (its limit)" : ""));
  }
  if (!runs.back().remark.empty()) add(runs.back().remark);
  return text.empty() ? text : fmt::format("    {}: {}\n", name, text);
}

nlohmann::json SideJson(const SideResult& side) {
  nlohmann::json json = {{"median", side.median}, {"runs", nlohmann::json::array()}};
  for (const Sample& run : side.runs) json["runs"].push_back(run.value);
  const auto add = [&](const char* name, std::optional<double> Sample::*figure) {
    if (const auto mean = Mean(side.runs, figure)) json[name] = *mean;
  };
  add("kernel_share", &Sample::kernel_share);
  add("server_busy", &Sample::server_busy);
  add("client_busy", &Sample::client_busy);
  add("instructions_per_op", &Sample::instructions_per_op);
  if (!side.runs.empty()) json["remark"] = side.runs.back().remark;
  return json;
}

}  // namespace

std::string TableHead(const Options& options) {
  const std::string head =
      fmt::format("{:<20} {:>10} {:>10}  {:>6} {:<13} {:<9} {:<8} {}\n", "row", options.ours.label,
                  options.peer.label, "ratio", "(spread)", "floor", "verdict", "what");
  return head + std::string(head.size() + 30, '-') + "\n";
}

std::string TableLine(const Row& row, const RowResult& result) {
  if (!result.failure.empty()) {
    return fmt::format("{:<20} {:<8} {}\n", row.name, Verdict(result), result.failure);
  }
  const std::string spread = fmt::format("({:.2f}-{:.2f})", result.ratio_low, result.ratio_high);
  return fmt::format("{:<20} {:>10} {:>10}  {:>6.2f} {:<13} {:<9} {:<8} {}, {}\n", row.name,
                     Short(result.ours.median), Short(result.peer.median), result.ratio, spread,
                     FloorText(row), Verdict(result), row.title, row.unit);
}

std::string Notes(const Row& row, const RowResult& result) {
  std::string text = fmt::format("{}: {}\n", row.name, row.settings);
  if (result.others_busy > kDisturbed) {
    text += fmt::format("    disturbed: other programs kept {:.2f} processors busy\n",
                        result.others_busy);
  }
  text += SideNotes("ours", result.ours) + SideNotes("peer", result.peer);
  if (!row.limit.empty()) text += fmt::format("    limit: {}\n", row.limit);
  return text;
}

std::string JsonLine(const Row& row, const RowResult& result) {
  nlohmann::json json = {
      {"row", row.name},           {"title", row.title},
      {"unit", row.unit},          {"better", row.better == Better::kHigher ? "higher" : "lower"},
      {"settings", row.settings},  {"others_busy", result.others_busy},
      {"verdict", Verdict(result)}};
  if (row.floor) json["floor"] = *row.floor;
  if (!row.limit.empty()) json["limit"] = row.limit;
  if (!result.failure.empty()) {
    json["failure"] = result.failure;
  } else {
    json["ratio"] = result.ratio;
    json["ratio_low"] = result.ratio_low;
    json["ratio_high"] = result.ratio_high;
  }
  json["ours"] = SideJson(result.ours);
  json["peer"] = SideJson(result.peer);
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace tideway::bench
