#include "libfaas/manifest/yaml_tree.hpp"

#include <sstream>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace faas {
namespace {

/// Leaves yaml-cpp's parser from within an event; caught in parse_yaml().
struct refused {
  int line;
  std::string what;
};

/// Builds the tree from the parser's events, so that bounds hold while reading
/// and not after it.
class tree_builder final : public YAML::EventHandler {
public:
  explicit tree_builder(const yaml_bounds& bounds) : bounds_(bounds) {}

  yaml_ptr take() {
    return root_ ? root_ : std::make_shared<const yaml_node>();
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(mark, yaml_node::kind::null), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      throw refused{mark.line + 1, "an alias inside the node it stands for"};
    count(found->second->weight, mark.line + 1);
    attach(found->second, mark.line + 1);
  }

  void OnScalar(const YAML::Mark& mark, const std::string&,
                YAML::anchor_t anchor, const std::string& value) override {
    auto node = make(mark, yaml_node::kind::scalar);
    node->text = value;
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(mark, yaml_node::kind::sequence), anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string&,
                  YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(make(mark, yaml_node::kind::map), anchor);
  }
  void OnMapEnd() override {
    merge(*open_.back().node);
    close();
  }

private:
  struct frame {
    std::shared_ptr<yaml_node> node;
    YAML::anchor_t anchor;
    bool has_key = false;
    std::unordered_set<std::string> keys;
  };

  std::shared_ptr<yaml_node> make(const YAML::Mark& mark,
                                  yaml_node::kind type) {
    auto node = std::make_shared<yaml_node>();
    node->type = type;
    node->line = mark.line + 1;
    count(1, node->line);
    return node;
  }

  void count(size_t weight, int line) {
    total_ += weight;
    if (total_ > bounds_.nodes)
      throw refused{line, "more than " + std::to_string(bounds_.nodes)
                            + " values (aliases counted in full)"};
  }

  void open(std::shared_ptr<yaml_node> node, YAML::anchor_t anchor) {
    if (static_cast<int>(open_.size()) >= bounds_.depth)
      throw refused{node->line,
                    "nested deeper than " + std::to_string(bounds_.depth)};
    open_.push_back({std::move(node), anchor, false, {}});
  }

  void close() {
    auto done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
  }

  void add(std::shared_ptr<yaml_node> node, YAML::anchor_t anchor) {
    const auto line = node->line;
    yaml_ptr done = std::move(node);
    if (anchor != YAML::NullAnchor)
      anchors_[anchor] = done;
    attach(std::move(done), line);
  }

  void attach(yaml_ptr node, int line) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    auto& top = open_.back();
    top.node->weight += node->weight;
    if (top.node->type == yaml_node::kind::sequence) {
      top.node->items.push_back(std::move(node));
    } else if (top.has_key) {
      top.node->entries.back().value = std::move(node);
      top.has_key = false;
    } else {
      start_entry(top, *node, line);
    }
  }

  void start_entry(frame& top, const yaml_node& key, int line) {
    if (key.type != yaml_node::kind::scalar)
      throw refused{line, "a key must be a plain word"};
    if (!top.keys.insert(key.text).second)
      throw refused{line, "duplicate key \"" + key.text.substr(0, 64) + "\""};
    top.node->entries.push_back({key.text, line, nullptr});
    top.has_key = true;
  }

  /// YAML 1.1 merge key: what the map itself says wins, then the first source.
  void merge(yaml_node& map) {
    const auto* merge_key = map.find("<<");
    if (!merge_key)
      return;
    const auto source = *merge_key;
    auto& entries = map.entries;
    entries.erase(entries.begin() + (merge_key - entries.data()));
    const bool list = source.value->type == yaml_node::kind::sequence;
    const auto sources
      = list ? source.value->items : std::vector<yaml_ptr>{source.value};
    auto& keys = open_.back().keys;
    for (const auto& from : sources) {
      if (from->type != yaml_node::kind::map)
        throw refused{source.line, "\"<<\" needs a mapping"};
      for (const auto& entry : from->entries)
        if (keys.insert(entry.key).second)
          entries.push_back(entry);
    }
  }

  yaml_bounds bounds_;
  size_t total_ = 0;
  std::vector<frame> open_;
  std::unordered_map<YAML::anchor_t, yaml_ptr> anchors_;
  yaml_ptr root_;
};

error syntax(int line, const std::string& what) {
  return {errc::invalid_argument, "line " + std::to_string(line) + ": " + what};
}

} // namespace

const yaml_node::entry* yaml_node::find(std::string_view key) const noexcept {
  for (const auto& entry : entries)
    if (entry.key == key)
      return &entry;
  return nullptr;
}

result<yaml_ptr> parse_yaml(std::string_view text, const yaml_bounds& bounds,
                            bool* more) {
  try {
    std::istringstream in{std::string{text}};
    YAML::Parser parser{in};
    tree_builder builder{bounds};
    parser.HandleNextDocument(builder);
    if (more)
      *more = static_cast<bool>(parser);
    return builder.take();
  } catch (const refused& failure) {
    return syntax(failure.line, failure.what);
  } catch (const YAML::Exception& failure) {
    return syntax(failure.mark.is_null() ? 1 : failure.mark.line + 1,
                  failure.msg);
  } catch (const std::exception& failure) { // yaml-cpp's own checks
    return syntax(1, std::string{"not YAML: "} + failure.what());
  }
}

} // namespace faas
