// Results as text and as JSON.
#pragma once

#include <string>

#include "bench/rows/row.h"
#include "bench/runner.h"

namespace tideway::bench {

/// The table's two heading lines.
std::string TableHead(const Options& options);

/// One line of the table: figures, ratio with its spread, floor, verdict.
std::string TableLine(const Row& row, const RowResult& result);

/// The explanation below the table: settings, shares of the kernel, what limits the figure.
std::string Notes(const Row& row, const RowResult& result);

/// The same as one line of JSON, every run included.
std::string JsonLine(const Row& row, const RowResult& result);

}  // namespace tideway::bench
