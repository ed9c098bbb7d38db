// The text diagram: lays cells out in columns on rows of characters.

#include "model/tell/sequence_diagram.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <string_view>

#include "model/tell/words.h"

namespace engram::world {
namespace {

constexpr size_t kGutterColumns = 6;  // the numbers of steps
constexpr size_t kLaneColumnsMin = 12;
constexpr size_t kLanesMax = 8;      // more threads than these are told one below the other
constexpr size_t kGlyphColumns = 2;  // the lane itself and a space
constexpr size_t kArrowColumns = 18;
constexpr size_t kGapColumns = 2;  // between lanes

std::u32string Decoded(std::string_view text) {
  std::u32string characters;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t character = length == 1 ? lead : lead & (0xFFu >> (length + 1));
    for (size_t k = 1; k < length && i + k < text.size(); ++k) {
      character = (character << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3Fu);
    }
    characters.push_back(character);
    i += length;
  }
  return characters;
}

std::string Encoded(std::u32string_view characters) {
  std::string text;
  for (const char32_t c : characters) {
    if (c < 0x80) {
      text += static_cast<char>(c);
    } else if (c < 0x800) {
      text += {static_cast<char>(0xC0 | (c >> 6)), static_cast<char>(0x80 | (c & 0x3F))};
    } else if (c < 0x10000) {
      text += {static_cast<char>(0xE0 | (c >> 12)), static_cast<char>(0x80 | ((c >> 6) & 0x3F)),
               static_cast<char>(0x80 | (c & 0x3F))};
    } else {
      text += {static_cast<char>(0xF0 | (c >> 18)), static_cast<char>(0x80 | ((c >> 12) & 0x3F)),
               static_cast<char>(0x80 | ((c >> 6) & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
    }
  }
  return text;
}

// One line of the diagram. What does not fit is cut.
class Row {
 public:
  void Put(size_t column, char32_t character) {
    if (column < cells_.size()) cells_[column] = character;
  }
  void Put(size_t column, std::string_view text) {
    for (const char32_t character : Decoded(text)) Put(column++, character);
  }
  std::string Text() const {
    std::u32string_view used(cells_);
    while (!used.empty() && used.back() == U' ') used.remove_suffix(1);
    return Encoded(used) + "\n";
  }

 private:
  std::u32string cells_ = std::u32string(kDiagramColumnsMax, U' ');
};

char32_t GlyphOf(const Moment& moment) {
  switch (moment.kind) {
    case Moment::Kind::kBegin:
      return U'┌';
    case Moment::Kind::kEnd:
      return U'└';
    case Moment::Kind::kWhole:
      return U'□';
    case Moment::Kind::kRemark:
      return U'·';
    case Moment::Kind::kStep:
      return moment.by_buffer ? U'○' : U'●';
    case Moment::Kind::kFold:
      return U'┊';
    case Moment::Kind::kSwitch:
      return U'│';
    case Moment::Kind::kTwist:
      return U'×';
  }
  return U'?';
}

std::string CellText(const Moment& moment, bool with_place) {
  if (moment.kind == Moment::Kind::kFold) return Counted(moment.count, "step", "steps");
  std::string text = moment.text;
  if (moment.kind == Moment::Kind::kStep && moment.count > 1) text += Words(" ×", moment.count);
  if (with_place && !moment.place.empty()) text += Words(" (", moment.place, ")");
  if (moment.fatal) text += " ◀━━";
  return text;
}

// Where the lanes of an era stand, and from which moment to which each is drawn.
struct Lanes {
  size_t places = 0;  // column of the places if they stand aside; 0: behind each text
  std::map<uint8_t, size_t> column;
  std::map<uint8_t, size_t> text_columns;
  std::map<uint8_t, size_t> first, last;
};

// How many columns each lane needs for its texts.
std::map<uint8_t, size_t> WantedColumns(const EraStory& era, bool with_places) {
  std::map<uint8_t, size_t> wanted;
  for (const uint8_t thread : era.threads) {
    wanted[thread] = CharactersOf(era.thread_names.at(thread)) + kGlyphColumns;
  }
  for (const Moment& moment : era.moments) {
    if (moment.kind == Moment::Kind::kSwitch) {
      // Arrows have room for their label.
      for (const uint8_t thread : {moment.thread, moment.to}) {
        wanted[thread] = std::max(wanted[thread], kArrowColumns);
      }
      continue;
    }
    size_t& columns = wanted[moment.thread];
    columns = std::max(columns, CharactersOf(CellText(moment, with_places)) + kGlyphColumns);
  }
  return wanted;
}

size_t SumOf(const std::map<uint8_t, size_t>& wanted, size_t limit) {
  size_t sum = 0;
  for (const auto& [thread, columns] : wanted) sum += std::min(columns, limit) + kGapColumns;
  return sum;
}

// Places stand behind the texts if that fits, else in a column of their own on the right. Each lane
// gets the columns that its texts need; if that is too much, it is taken from the widest first.
Lanes LayOut(const EraStory& era) {
  Lanes lanes;
  for (size_t i = 0; i < era.moments.size(); ++i) {
    lanes.first.emplace(era.moments[i].thread, i);
    lanes.last[era.moments[i].thread] = i;
  }
  size_t available = kDiagramColumnsMax - kGutterColumns;
  std::map<uint8_t, size_t> wanted = WantedColumns(era, true);
  const bool aside = SumOf(wanted, available) > available;
  if (aside) {
    wanted = WantedColumns(era, false);
    size_t place_columns = 0;
    for (const Moment& moment : era.moments) {
      place_columns = std::max(place_columns, CharactersOf(moment.place));
    }
    // With many lanes there is no room for places at all.
    if (place_columns + wanted.size() * kLaneColumnsMin < available) available -= place_columns;
  }
  size_t limit = available;
  while (limit > kLaneColumnsMin && SumOf(wanted, limit) > available) --limit;
  size_t column = kGutterColumns;
  for (const auto& [thread, columns] : wanted) {
    lanes.column[thread] = column;
    lanes.text_columns[thread] = std::min(columns, limit) - kGlyphColumns;
    column += std::min(columns, limit) + kGapColumns;
  }
  if (aside) lanes.places = column;
  return lanes;
}

// The lines of the lanes that are alive around moment `index`.
void PutLanes(Row& row, const Lanes& lanes, size_t index, bool after) {
  for (const auto& [thread, column] : lanes.column) {
    const size_t first = lanes.first.at(thread), last = lanes.last.at(thread);
    if (first < index && (last > index || (last == index && !after))) row.Put(column, U'│');
    if (after && first == index && last > index) row.Put(column, U'│');
  }
}

std::string ArrowRow(const Lanes& lanes, const Moment& moment, size_t index) {
  Row row;
  PutLanes(row, lanes, index, false);
  const size_t from = lanes.column.at(moment.thread), to = lanes.column.at(moment.to);
  const bool rightwards = from < to;
  const size_t begin = std::min(from, to) + 1, end = std::max(from, to);
  for (size_t column = begin; column < end; ++column) row.Put(column, U'─');
  const bool goes_on = lanes.last.at(moment.thread) > index;
  row.Put(from, rightwards ? (goes_on ? U'├' : U'╰') : (goes_on ? U'┤' : U'╯'));
  row.Put(rightwards ? end - 1 : begin, rightwards ? U'▶' : U'◀');
  constexpr std::string_view kLabel = " interrupted ";
  if (end - begin >= kLabel.size() + 4) {
    row.Put(begin + (end - begin - kLabel.size()) / 2, kLabel);
  }
  return row.Text();
}

std::string MomentRows(const Lanes& lanes, const Moment& moment, size_t index) {
  std::string text;
  const size_t column = lanes.column.at(moment.thread);
  const std::vector<std::string> lines =
      WrapText(CellText(moment, lanes.places == 0), lanes.text_columns.at(moment.thread));
  for (size_t line = 0; line < lines.size(); ++line) {
    Row row;
    PutLanes(row, lanes, index, line > 0);
    if (line == 0) {
      row.Put(column, GlyphOf(moment));
      if (moment.kind == Moment::Kind::kStep) {
        const std::string number = Words(moment.step + 1);
        row.Put(kGutterColumns - 2 - std::min<size_t>(number.size(), kGutterColumns - 2), number);
      }
      if (lanes.places > 0) row.Put(lanes.places, moment.place);
    }
    row.Put(column + kGlyphColumns, lines[line]);
    text += row.Text();
  }
  return text;
}

std::string EraInColumns(const EraStory& era) {
  if (era.moments.empty()) return "";
  const Lanes lanes = LayOut(era);
  Row names, underlines;
  for (const uint8_t thread : era.threads) {
    const std::string name =
        WrapText(era.thread_names.at(thread), lanes.text_columns.at(thread) + kGlyphColumns)[0];
    names.Put(lanes.column.at(thread), name);
    for (size_t i = 0; i < CharactersOf(name); ++i) {
      underlines.Put(lanes.column.at(thread) + i, U'─');
    }
  }
  std::string text = names.Text() + underlines.Text();
  for (size_t i = 0; i < era.moments.size(); ++i) {
    const Moment& moment = era.moments[i];
    text += moment.kind == Moment::Kind::kSwitch ? ArrowRow(lanes, moment, i)
                                                 : MomentRows(lanes, moment, i);
  }
  return text;
}

// For more threads than fit side by side: the name before each moment.
std::string EraAsList(const EraStory& era) {
  std::string text;
  for (const Moment& moment : era.moments) {
    Row row;
    row.Put(0, WrapText(era.thread_names.at(moment.thread), 22)[0]);
    row.Put(24, GlyphOf(moment));
    const std::string cell = moment.kind == Moment::Kind::kSwitch
                                 ? Words("is interrupted by ", era.thread_names.at(moment.to))
                                 : CellText(moment, true);
    row.Put(26, cell);
    text += row.Text();
  }
  return text;
}

std::string CrashRows(const EraStory& era) {
  if (era.crash.empty()) return "";
  const std::string label = Words(" ", era.crash, " ");
  constexpr size_t kBarColumns = 96;
  const size_t left = (kBarColumns - std::min(CharactersOf(label), kBarColumns)) / 2;
  std::string text;
  Row bar;
  for (size_t i = 0; i < kBarColumns; ++i) bar.Put(i, U'═');
  bar.Put(left, label);
  text += bar.Text();
  for (const std::string& loss : era.losses) text += Words("      lost: ", loss, "\n");
  return text + "\n";
}

}  // namespace

size_t CharactersOf(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
  }));
}

std::vector<std::string> WrapText(const std::string& text, size_t columns_max) {
  std::vector<std::string> lines;
  std::u32string line;
  const auto finish = [&] {
    while (!line.empty() && line.back() == U' ') line.pop_back();
    lines.push_back(Encoded(line));
    line.clear();
  };
  std::u32string word;
  const auto place = [&] {
    if (line.size() + word.size() > columns_max && !line.empty()) finish();
    while (word.size() > columns_max) {
      line = word.substr(0, columns_max);
      word.erase(0, columns_max);
      finish();
    }
    line += word;
    word.clear();
  };
  for (const char32_t character : Decoded(text)) {
    if (character != U'\n' && character != U' ') {
      word.push_back(character);
      continue;
    }
    place();
    if (character == U'\n') {
      finish();
    } else if (line.size() < columns_max) {
      line.push_back(U' ');
    }
  }
  place();
  if (!line.empty() || lines.empty()) finish();
  return lines;
}

std::string TextDiagram(const Story& story) {
  std::string text;
  for (const EraStory& era : story.eras) {
    text += era.threads.size() <= kLanesMax ? EraInColumns(era) : EraAsList(era);
    text += CrashRows(era);
  }
  return text;
}

}  // namespace engram::world
