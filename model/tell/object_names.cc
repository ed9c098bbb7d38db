// Reading what the source calls an object, and telling objects of equal names apart.

#include "model/tell/object_names.h"

#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>
#include <utility>

namespace engram::world {
namespace {

constexpr size_t kExpressionCharactersMax = 28;

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Where the bracket that `text[close]` closes was opened, or npos.
size_t OpeningOf(std::string_view text, size_t close) {
  int depth = 0;
  for (size_t i = close + 1; i-- > 0;) {
    if (text[i] == ')' || text[i] == ']') ++depth;
    if (text[i] == '(' || text[i] == '[') --depth;
    if (depth == 0) return i;
  }
  return std::string_view::npos;
}

// Where the member expression that ends before `end` begins: names, calls and subscripts joined by
// dots and arrows.
size_t BeginningOfExpression(std::string_view text, size_t end) {
  size_t begin = end;
  while (begin > 0) {
    const char last = text[begin - 1];
    if (IsWord(last)) {
      while (begin > 0 && IsWord(text[begin - 1])) --begin;
    } else if (last == ')' || last == ']') {
      const size_t open = OpeningOf(text, begin - 1);
      if (open == std::string_view::npos) return begin;
      begin = open;
      continue;  // what is called or subscripted stands before it
    } else {
      return begin;
    }
    if (begin > 0 && text[begin - 1] == '.') {
      --begin;
    } else if (begin > 1 && text.substr(begin - 2, 2) == "->") {
      begin -= 2;
    } else {
      return begin;
    }
  }
  return begin;
}

// The text from `begin` up to the first comma or closing bracket of this level.
std::string_view FirstArgument(std::string_view text, size_t begin) {
  int depth = 0;
  for (size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (depth == 0 && (c == ',' || c == ')' || c == '}')) return text.substr(begin, i - begin);
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == ']' || c == '}') --depth;
  }
  return {};
}

// Long expressions are told by their last member.
std::string Shortened(std::string_view expression) {
  if (expression.starts_with("this->")) expression.remove_prefix(6);
  while (!expression.empty() && (expression.front() == '*' || expression.front() == '&')) {
    expression.remove_prefix(1);
  }
  while (expression.size() > kExpressionCharactersMax) {
    const size_t dot = expression.find('.');
    const size_t arrow = expression.find("->");
    if (dot == std::string_view::npos && arrow == std::string_view::npos) break;
    expression.remove_prefix(dot < arrow ? dot + 1 : arrow + 2);
  }
  return std::string(expression.substr(0, kExpressionCharactersMax));
}

std::string_view KindOf(const Step& step) {
  switch (step.kind) {
    case StepKind::kLock:
    case StepKind::kLockShared:
    case StepKind::kTryLock:
    case StepKind::kTryLockShared:
    case StepKind::kUnlock:
    case StepKind::kUnlockShared:
      return "mutex";
    case StepKind::kWait:
    case StepKind::kTimeout:
    case StepKind::kNotifyOne:
    case StepKind::kNotifyAll:
      return "condition";
    case StepKind::kLoad:
    case StepKind::kStore:
    case StepKind::kBufferedStore:
    case StepKind::kDrain:
    case StepKind::kReadModifyWrite:
      return "atomic";
    case StepKind::kStart:
    case StepKind::kExit:
    case StepKind::kSpawn:
    case StepKind::kJoin:
      return "thread";
    case StepKind::kOpen:
    case StepKind::kRead:
    case StepKind::kWrite:
    case StepKind::kSync:
    case StepKind::kResize:
    case StepKind::kMap:
    case StepKind::kView:
    case StepKind::kFileLock:
    case StepKind::kRemove:
    case StepKind::kSyncDirectory:
    case StepKind::kStat:
      return "file";
    default:
      return "object";
  }
}

bool CallsWait(std::string_view line, uint32_t column) {
  return column > 0 && column <= line.size() && line.substr(column - 1).starts_with("Wait");
}

bool IsSync(std::string_view kind) {
  return kind == "mutex" || kind == "condition" || kind == "atomic";
}

std::vector<std::string> LinesOf(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  std::ifstream stream(path);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// The compiler records paths relative to the project's root (-ffile-prefix-map): a build directory
// is somewhere below it.
std::vector<std::string> FindLines(const std::string& file) {
  std::error_code ignored;
  if (std::filesystem::path(file).is_absolute()) return LinesOf(file);
  const std::filesystem::path starts[] = {
      std::filesystem::current_path(ignored),
      std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path()};
  for (std::filesystem::path directory : starts) {
    while (!directory.empty()) {
      if (std::filesystem::is_regular_file(directory / file, ignored)) {
        return LinesOf(directory / file);
      }
      if (directory == directory.parent_path()) break;
      directory = directory.parent_path();
    }
  }
  return {};
}

}  // namespace

std::string ExpressionAt(std::string_view line, uint32_t column) {
  if (column == 0 || column > line.size()) return "";
  size_t begin = column - 1;
  size_t end = begin;
  while (end < line.size() && IsWord(line[end])) ++end;
  if (end == begin) return "";
  const bool by_dot = begin >= 1 && line[begin - 1] == '.';
  const bool by_arrow = begin >= 2 && line.substr(begin - 2, 2) == "->";
  if (by_dot || by_arrow) {
    const size_t object_end = begin - (by_dot ? 1 : 2);
    const size_t object_begin = BeginningOfExpression(line, object_end);
    return Shortened(line.substr(object_begin, object_end - object_begin));
  }
  while (end < line.size() && line[end] == ' ') ++end;
  if (end == line.size() || (line[end] != '(' && line[end] != '{')) return "";
  return Shortened(FirstArgument(line, end + 1));
}

std::string_view SourceLines::Line(const std::string& file, uint32_t number) {
  auto found = files_.find(file);
  if (found == files_.end()) found = files_.emplace(file, FindLines(file)).first;
  const std::vector<std::string>& lines = found->second;
  return number == 0 || number > lines.size() ? std::string_view() : lines[number - 1];
}

ObjectNames::ObjectNames(const std::vector<Step>& steps) {
  SourceLines sources;
  std::vector<sync::ObjectId> order;  // of first appearance
  std::map<sync::ObjectId, std::string> kinds;
  const auto meet = [&](sync::ObjectId object, std::string_view kind, const sync::Location& where) {
    if (object.value == 0 || object == kDiskOrder) return;
    if (kinds.emplace(object, kind).second) order.push_back(object);
    std::string& name = names_[object];
    if (!name.empty() || !IsSync(kind)) return;
    const std::string_view line = sources.Line(where.file_name(), where.line());
    // The mutex that a wait takes again is not what the call of Wait is about.
    if (kind == "mutex" && CallsWait(line, where.column())) return;
    name = ExpressionAt(line, where.column());
  };
  for (const Step& step : steps) {
    meet(step.object, KindOf(step), step.where);
    // A wait names its condition at the place of the call; its mutex is named where it is locked.
    if (step.kind == StepKind::kWait) meet(step.second, "mutex", sync::Location());
  }

  std::map<std::string, uint32_t> uses, given;
  for (const sync::ObjectId object : order) {
    std::string& name = names_[object];
    if (name.empty()) {
      name = kinds[object] + " " + std::to_string(++given[kinds[object]]);
    } else {
      ++uses[name];
    }
  }
  for (const sync::ObjectId object : order) {
    std::string& name = names_[object];
    const auto shared = uses.find(name);
    if (shared == uses.end() || shared->second < 2) continue;
    name += " #" + std::to_string(++given[name]);
  }
}

std::string_view ObjectNames::Of(sync::ObjectId object) const {
  const auto found = names_.find(object);
  return found == names_.end() ? std::string_view("something") : std::string_view(found->second);
}

std::optional<std::string> PlaceText(const Step& step) {
  const std::string_view path = step.where.file_name();
  if (step.where.line() == 0 || path.empty() || KindOf(step) == "file") return std::nullopt;
  const size_t slash = path.rfind('/');
  const std::string_view file = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return std::string(file) + ":" + std::to_string(step.where.line());
}

}  // namespace engram::world
