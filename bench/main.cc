/// Runs two servers side by side and prints, row by row, what each one does with a second of
/// processor time, and their ratio. `bench/run.sh` builds and starts it; see `--help`.

#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <vector>

#include "bench/report.h"
#include "bench/rows/row.h"
#include "bench/runner.h"

namespace tideway::bench {
namespace {

struct CommandLine {
  Options options;
  std::vector<std::string> only;
  std::string json_path;
  bool quick = false;
  bool list = false;
};

/// A server's kind by the name of its program; the flags that differ go by it.
ServerKind KindOf(const std::string& binary) {
  const std::string name = std::filesystem::path(binary).filename();
  return name.find("tideway") != std::string::npos ? ServerKind::kTideway : ServerKind::kRedis;
}

void Declare(CLI::App& app, CommandLine& line) {
  Options& options = line.options;
  app.add_option("--ours", options.ours.binary, "the server that is judged")
      ->take_last()
      ->default_val("build/bench/tideway");
  app.add_option("--peer", options.peer.binary, "the server that it is compared with")
      ->take_last()
      ->default_val("redis-server");
  app.add_option("--ours-arg", options.ours.extra_arguments, "a further argument for ours")
      ->allow_extra_args(false);
  app.add_option("--peer-arg", options.peer.extra_arguments, "a further argument for the peer")
      ->allow_extra_args(false);
  app.add_option("--only", line.only, "rows to run, by name or by the start of a name")
      ->delimiter(',');
  app.add_option("--runs", options.runs, "alternated runs of each row")->check(CLI::Range(1, 1000));
  app.add_option_function<double>(
      "--seconds", [&options](double s) { options.measure = std::chrono::duration<double>(s); },
      "measured seconds of a run under load (1.5)");
  app.add_option("--connections", options.connections, "of the throughput and latency rows");
  app.add_option("--keys", options.keys, "key space of the throughput rows");
  app.add_option("--value-bytes", options.value_bytes, "of the throughput rows");
  app.add_option("--seed", options.seed, "of the keys drawn");
  app.add_option("--work-dir", options.work_dir, "where data directories are made")
      ->take_last()
      ->default_val("build/bench-data");
  app.add_option("--json", line.json_path, "append each row as a line of JSON to this file")
      ->take_last();
  app.add_flag("--quick", line.quick, "three runs of half a second: a first look");
  app.add_flag("--list", line.list, "list the rows and end");
}

void ApplyQuick(CommandLine& line, const CLI::App& app) {
  if (!line.quick) return;
  if (app.count("--runs") == 0) line.options.runs = 3;
  if (app.count("--seconds") == 0) line.options.measure = std::chrono::duration<double>(0.5);
  line.options.warmup = std::chrono::duration<double>(0.15);
}

bool Wanted(const Row& row, const std::vector<std::string>& only) {
  return only.empty() || std::any_of(only.begin(), only.end(), [&row](const std::string& word) {
           return row.name.starts_with(word);
         });
}

/// Ten thousand connections need as many descriptors here and, inherited, in the servers.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int RunAll(CommandLine& line) {
  std::vector<Row> rows = AllRows();
  std::erase_if(rows, [&line](const Row& row) { return !Wanted(row, line.only); });
  if (line.list || rows.empty()) {
    for (const Row& row : line.list ? rows : AllRows()) {
      std::cout << row.name << ": " << row.title << "\n";
    }
    return line.list ? 0 : 2;
  }
  std::ofstream json;
  if (!line.json_path.empty()) json.open(line.json_path, std::ios::app);
  std::string notes;
  int unmet = 0;
  std::cout << TableHead(line.options) << std::flush;
  for (const Row& row : rows) {
    const RowResult result = RunRow(row, line.options);
    std::cout << TableLine(row, result) << std::flush;
    notes += Notes(row, result);
    if (json.is_open()) json << JsonLine(row, result) << std::flush;
    if (!result.failure.empty() || !result.met.value_or(true)) ++unmet;
  }
  std::cout << "\n" << notes << "\n";
  if (unmet > 0) std::cout << unmet << " row(s) below their floor or failed.\n";
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App app("Compares tideway with redis-server: work done per second of processor time");
  CommandLine line;
  Declare(app, line);
  CLI11_PARSE(app, argc, argv);
  ApplyQuick(line, app);
  Options& options = line.options;
  options.ours.kind = KindOf(options.ours.binary);
  options.peer.kind = KindOf(options.peer.binary);
  options.ours.label = std::filesystem::path(options.ours.binary).filename();
  options.peer.label = std::filesystem::path(options.peer.binary).filename();
  options.work_dir = std::filesystem::absolute(options.work_dir) / std::to_string(getpid());
  std::filesystem::create_directories(options.work_dir);
  std::signal(SIGPIPE, SIG_IGN);
  RaiseDescriptorLimit();
  const int status = RunAll(line);
  std::filesystem::remove_all(options.work_dir);
  return status;
}

}  // namespace
}  // namespace tideway::bench

int main(int argc, char** argv) { return tideway::bench::Main(argc, argv); }
