#include "tools/stoic-replay/record.hpp"

#include "tools/stoic-replay/csv.hpp"

#include <algorithm>
#include <map>

namespace faas::stoic {

const std::array<std::string, runtime_count> runtime_names{"edge", "cpu",
                                                           "gpu1", "gpu2"};

namespace {

/// A table with its columns by name; remembers the first thing that is wrong.
class reader {
public:
  reader(const file_reader& files, const std::string& name) {
    const auto text = files(name);
    if (!text) {
      wrong_ = text.error();
      return;
    }
    auto parsed = csv_table::parse(name, *text);
    if (parsed)
      table_ = std::move(*parsed);
    else
      wrong_ = parsed.error();
  }

  size_t rows() const { return wrong_ ? 0 : table_.rows(); }
  std::string text(size_t row, const char* name) {
    const auto column = find(name);
    return column ? table_.text(row, *column) : "";
  }
  std::optional<double> number(size_t row, const char* name) {
    const auto column = find(name);
    return column ? keep(table_.number(row, *column)).value_or(std::nullopt)
                  : std::nullopt;
  }
  double needed(size_t row, const char* name) {
    const auto column = find(name);
    return column ? keep(table_.needed(row, *column)).value_or(0) : 0;
  }
  size_t runtime(size_t row) {
    const auto name = text(row, "runtime");
    const auto at = std::find(runtime_names.begin(), runtime_names.end(), name);
    if (at == runtime_names.end()) {
      fail(row, "runtime", "\"" + name + "\" is no runtime");
      return 0;
    }
    return static_cast<size_t>(at - runtime_names.begin());
  }
  void fail(size_t row, const char* name, const std::string& what) {
    const auto column = find(name);
    if (column && !wrong_)
      wrong_ = table_.wrong(row, *column, what);
  }
  const std::optional<error>& wrong() const { return wrong_; }

private:
  std::optional<size_t> find(const char* name) {
    return wrong_ ? std::nullopt : keep(table_.column(name));
  }
  template <class T>
  std::optional<T> keep(const result<T>& of) {
    if (of)
      return *of;
    if (!wrong_)
      wrong_ = of.error();
    return std::nullopt;
  }

  csv_table table_;
  std::optional<error> wrong_;
};

/// The batch of a row; a new one when its index is new. Batches are in order.
measured_batch& batch_of(record& all, reader& table, size_t row) {
  const auto index = static_cast<int>(table.needed(row, "batch_index"));
  if (all.empty() || all.back().index != index) {
    if (!all.empty() && all.back().index > index)
      table.fail(row, "batch_index", "is below the one before");
    all.emplace_back();
    all.back().index = index;
    all.back().runtimes.resize(runtime_count);
  }
  return all.back();
}

void read_labels(reader& table, size_t row, size_t runtime,
                 measured_batch& into) {
  if (table.needed(row, "chosen_by_authors") == 1)
    into.chosen = runtime;
  if (table.needed(row, "best_by_authors_truth") == 1)
    into.best = runtime;
}

result<std::vector<double>> read_trace(const file_reader& files) {
  reader table{files, "batch_trace.csv"};
  std::vector<double> sizes;
  for (size_t row = 0; row < table.rows(); ++row)
    sizes.push_back(table.needed(row, "image_count"));
  if (table.wrong())
    return *table.wrong();
  if (sizes.size() < 10)
    return error{errc::invalid_argument, "batch_trace.csv: fewer than 10 rows"};
  return sizes;
}

/// Batches 55 to 59 are five of trace positions 4 to 9; which one is left out
/// is not known, so that each has one of two sizes. Their middle stands in.
void guess_sizes(record& all, const std::vector<double>& trace) {
  for (auto& one : all)
    if (!one.exact_items && one.index >= 55 && one.index <= 59) {
      const auto at = static_cast<size_t>(one.index) - 51;
      one.items = (trace[at] + trace[at + 1]) / 2;
    }
}

} // namespace

bool measured_batch::complete() const {
  for (size_t r = 0; r < runtime_count; ++r)
    if (!total_s[r] || !runtimes[r].process_s
        || (r != edge && !runtimes[r].deploy_s))
      return false;
  return true;
}

result<record> read_published(const file_reader& files) {
  const auto trace = read_trace(files);
  if (!trace)
    return trace.error();
  reader table{files, "batches_feb2020.csv"};
  record all;
  for (size_t row = 0; row < table.rows(); ++row) {
    auto& one = batch_of(all, table, row);
    const auto runtime = table.runtime(row);
    const auto items = table.number(row, "image_count");
    one.exact_items = items.has_value();
    one.items = items.value_or(0);
    auto& took = one.runtimes[runtime];
    if (runtime != edge)
      took.deploy_s = table.number(row, "actual_deploy_s");
    took.process_s = table.number(row, "actual_process_s");
    one.total_s[runtime] = table.number(row, "actual_total_s");
    read_labels(table, row, runtime, one);
  }
  if (table.wrong())
    return *table.wrong();
  guess_sizes(all, *trace);
  return all;
}

result<record> read_semisynthetic(const file_reader& files) {
  reader table{files, "batches_feb2020_semisynthetic.csv"};
  record all;
  for (size_t row = 0; row < table.rows(); ++row) {
    auto& one = batch_of(all, table, row);
    const auto runtime = table.runtime(row);
    one.items = table.needed(row, "image_count");
    auto& took = one.runtimes[runtime];
    if (runtime != edge)
      took.deploy_s = table.needed(row, "deploy_s");
    took.process_s = table.needed(row, "process_s");
    one.total_s[runtime] = table.needed(row, "total_s");
    read_labels(table, row, runtime, one);
  }
  if (table.wrong())
    return *table.wrong();
  for (auto& one : all)
    if (one.complete())
      one.best = static_cast<size_t>(
        std::min_element(one.total_s.begin(), one.total_s.end())
        - one.total_s.begin());
  return all;
}

result<std::vector<batches::runtime_spec>>
read_runtimes(const file_reader& files, const std::string& kind) {
  reader table{files, "processing_profile.csv"};
  // The authors' own, before the first deployment was seen.
  const double deploy_s[] = {0, 18, 46, 65};
  std::vector<batches::runtime_spec> all(runtime_count);
  for (size_t row = 0; row < table.rows(); ++row) {
    if (table.text(row, "kind") != kind)
      continue;
    const auto r = table.runtime(row);
    all[r] = {runtime_names[r],
              r != edge,
              {table.needed(row, "slope_s_per_image"),
               table.needed(row, "intercept_s")},
              deploy_s[r],
              r == edge ? -1 : 0};
  }
  if (table.wrong())
    return *table.wrong();
  for (size_t r = 0; r < runtime_count; ++r)
    if (all[r].name.empty())
      return error{errc::invalid_argument, "processing_profile.csv: no " + kind
                                             + " of " + runtime_names[r]};
  return all;
}

result<std::array<std::vector<double>, runtime_count>>
read_deployments(const file_reader& files) {
  reader table{files, "deployment_seconds.csv"};
  std::array<std::vector<double>, runtime_count> all;
  std::array<double, runtime_count> last{-1, -1, -1, -1};
  for (size_t row = 0; row < table.rows(); ++row) {
    if (table.text(row, "series") != "batches_feb2020")
      continue;
    const auto r = table.runtime(row);
    const double order = table.needed(row, "order_index");
    if (order <= last[r])
      table.fail(row, "order_index", "is not above the one before");
    last[r] = order;
    all[r].push_back(table.needed(row, "deploy_s"));
  }
  if (table.wrong())
    return *table.wrong();
  return all;
}

} // namespace faas::stoic
