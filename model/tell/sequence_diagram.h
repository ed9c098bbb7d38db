// A story as a picture: threads side by side, time running downwards.
//
// As text for terminals, at most kDiagramColumnsMax wide: a column per thread, a row per moment. As
// SVG for pages: self-contained, with a background of its own, readable in light and dark
// surroundings.

#ifndef ENGRAM_MODEL_TELL_SEQUENCE_DIAGRAM_H_
#define ENGRAM_MODEL_TELL_SEQUENCE_DIAGRAM_H_

#include <cstddef>
#include <string>
#include <vector>

#include "model/tell/story.h"

namespace engram::world {

inline constexpr size_t kDiagramColumnsMax = 120;

// Ends in a line feed unless it is empty.
std::string TextDiagram(const Story& story);

// `title` says what is shown, `subtitle` by which program and schedule.
std::string SvgDiagram(const Story& story, const std::string& title, const std::string& subtitle);

// Breaks `text` at spaces and line feeds into lines of at most `columns_max` characters; longer
// words are cut.
std::vector<std::string> WrapText(const std::string& text, size_t columns_max);

// How many characters `text`, in UTF-8, has.
size_t CharactersOf(const std::string& text);

}  // namespace engram::world

#endif  // ENGRAM_MODEL_TELL_SEQUENCE_DIAGRAM_H_
