// What to call the mutexes, atomics and files of a recorded execution: as the program calls them.
//
// A step knows the number of its object and the place in the source that asked for the step. If the
// source can be found (from the working directory or the program's own directory upwards), the
// object is called what is written there: `content_.Lock()` is about `content_`. If not, objects
// are numbered: "mutex 1". Names are for people; nothing may be decided by them.

#ifndef ENGRAM_MODEL_TELL_OBJECT_NAMES_H_
#define ENGRAM_MODEL_TELL_OBJECT_NAMES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/world/step.h"

namespace engram::world {

// The expression that the call at `column` (from 1) of a line of C++ is about: the object of a
// member call, or the first argument of a constructor. Empty if the line does not look like that.
std::string ExpressionAt(std::string_view line, uint32_t column);

// Lines of source files, read once. Thread safety: thread-compatible.
class SourceLines {
 public:
  // Line `number` (from 1) of `file`, a path as the compiler recorded it; empty if it cannot be
  // found.
  std::string_view Line(const std::string& file, uint32_t number);

 private:
  std::map<std::string, std::vector<std::string>> files_;
};

// Thread safety: immutable after construction.
class ObjectNames {
 public:
  explicit ObjectNames(const std::vector<Step>& steps);

  // A name for `object`, the same wherever it appears; different objects have different names.
  std::string_view Of(sync::ObjectId object) const;

 private:
  std::map<sync::ObjectId, std::string> names_;
};

// Where the program asked for `step`: "store.h:42". Nothing for steps of files, whose place is the
// file system's own.
std::optional<std::string> PlaceText(const Step& step);

}  // namespace engram::world

#endif  // ENGRAM_MODEL_TELL_OBJECT_NAMES_H_
