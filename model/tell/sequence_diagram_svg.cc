// The picture: lanes, operations as boxes, steps as dots, arrows where the world interrupts a
// thread.
//
// Everything is laid out here, in pixels, from estimated widths of characters; no fonts or styles
// from elsewhere.

#include <algorithm>
#include <map>
#include <string_view>

#include "model/tell/sequence_diagram.h"
#include "model/tell/words.h"

namespace engram::world {
namespace {

// Pixels. Text is monospaced: 12 px high, and at most this wide per character in the usual fonts.
constexpr double kCharacterWidth = 7.3;
constexpr double kProseCharacterWidth = 6.7;
constexpr int kMargin = 28;
constexpr int kHeadHeight = 74;
constexpr int kLaneHeadHeight = 40;
constexpr int kLaneGap = 22;
constexpr int kLaneWidthMin = 120;
constexpr int kLaneWidthMax = 330;
constexpr int kLineHeight = 18;
constexpr int kLifelineInset = 18;  // from the lane's left edge
constexpr int kTextInset = 34;
constexpr int kWidthMin = 560;
constexpr int kPalette = 6;

// Light by default; dark where the reader's surroundings are.
constexpr std::string_view kStyle = R"(<style>
text { fill: #1f2328;
  font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
.prose { font-family: -apple-system, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif; }
.title { font-size: 19px; font-weight: 600; }
.subtitle { font-size: 13px; fill: #59636e; }
.muted { fill: #59636e; font-size: 11px; }
.strong { font-weight: 700; }
.onbar { fill: #ffffff; font-weight: 600; }
.card { fill: #ffffff; stroke: #d1d9e0; }
.life { stroke: #afb8c1; stroke-width: 1.5; }
.cut { stroke: #bc4c00; stroke-width: 2; fill: none; }
.cutfill, text.cutfill { fill: #bc4c00; }
.bar { fill: #b42318; }
.loss { fill: #b42318; }
.verdict { fill: #fff1ef; stroke: #d1242f; stroke-width: 1.5; }
.fatal { fill: #ffd8d3; stroke: #d1242f; }
.red, text.red { fill: #b42318; }
.l0 .box { fill: #eef6ff; stroke: #54aeff; } .l0 .ink { fill: #0a56b0; }
.l1 .box { fill: #f8f0ff; stroke: #c297ff; } .l1 .ink { fill: #6e3bc4; }
.l2 .box { fill: #ebfaf6; stroke: #4ac2a8; } .l2 .ink { fill: #0b6b5c; }
.l3 .box { fill: #fff8e3; stroke: #d4a72c; } .l3 .ink { fill: #7d5700; }
.l4 .box { fill: #fdeff7; stroke: #f08fc2; } .l4 .ink { fill: #a1246b; }
.l5 .box { fill: #f3f5f7; stroke: #8c959f; } .l5 .ink { fill: #414a53; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.subtitle, .muted { fill: #9198a1; }
.card { fill: #0d1117; stroke: #3d444d; }
.life { stroke: #555d66; }
.cut { stroke: #f0883e; } .cutfill, text.cutfill { fill: #f0883e; }
.loss, .red, text.red { fill: #ff8182; }
.verdict { fill: #2a1416; stroke: #f85149; }
.fatal { fill: #5a1e1e; stroke: #f85149; }
.l0 .box { fill: #0f2136; stroke: #388bfd; } .l0 .ink { fill: #79c0ff; }
.l1 .box { fill: #1f1733; stroke: #8957e5; } .l1 .ink { fill: #d2a8ff; }
.l2 .box { fill: #0c2823; stroke: #2ea88d; } .l2 .ink { fill: #6fe0c8; }
.l3 .box { fill: #2a2208; stroke: #bb8009; } .l3 .ink { fill: #e3b341; }
.l4 .box { fill: #311525; stroke: #db61a2; } .l4 .ink { fill: #ff9bce; }
.l5 .box { fill: #1b2027; stroke: #6e7681; } .l5 .ink { fill: #b1bac4; }
}
</style>
)";

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        // Other control characters are not allowed in XML.
        escaped += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return escaped;
}

std::string Rect(int x, int y, int width, int height, int radius, std::string_view style) {
  return Words("<rect x=\"", x, "\" y=\"", y, "\" width=\"", width, "\" height=\"", height,
               "\" rx=\"", radius, "\" class=\"", style, "\"/>\n");
}

std::string Text(int x, int y, std::string_view style, std::string_view text) {
  return Words("<text x=\"", x, "\" y=\"", y, "\" class=\"", style, "\">", Escaped(text),
               "</text>\n");
}

int PixelsOf(const std::string& text) {
  return static_cast<int>(static_cast<double>(CharactersOf(text)) * kCharacterWidth) + 1;
}

size_t CharactersIn(int pixels, double character_width = kCharacterWidth) {
  return static_cast<size_t>(std::max(8.0, pixels / character_width));
}

std::string MomentText(const Moment& moment) {
  switch (moment.kind) {
    case Moment::Kind::kFold:
      return Counted(moment.count, "more step", "more steps");
    case Moment::Kind::kEnd:
      return Words("→ ", moment.text);
    case Moment::Kind::kStep:
      return moment.count > 1 ? Words(moment.text, " ×", moment.count) : moment.text;
    default:
      return moment.text;
  }
}

// Draws layers: boxes lie behind lifelines, these behind dots, arrows and texts.
class Painter {
 public:
  explicit Painter(const Story& story) : story_(story) {}

  std::string Paint(const std::string& title, const std::string& subtitle);

 private:
  struct Lane {
    int x = 0;
    int width = 0;
    int box_top = -1;  // of the open operation
    int first_y = -1, last_y = 0;
  };

  void MeasureLanes();
  void PaintEra(const EraStory& era);
  void PaintMoment(const Moment& moment);
  void PaintSwitch(const Moment& moment);
  void CloseBox(uint8_t thread, int bottom);
  void PaintCrash(const EraStory& era);
  void PaintVerdict();
  std::string LaneClass(uint8_t thread) const { return Words("l", thread % kPalette); }

  const Story& story_;
  std::map<uint8_t, Lane> lanes_;  // the same for all eras, so that the picture has one width
  int width_ = kWidthMin;
  int y_ = kHeadHeight;
  std::string boxes_, lines_, marks_;
};

void Painter::MeasureLanes() {
  for (const EraStory& era : story_.eras) {
    for (const uint8_t thread : era.threads) {
      Lane& lane = lanes_[thread];
      lane.width = std::max({lane.width, kLaneWidthMin, PixelsOf(era.thread_names[thread]) + 40});
    }
    for (const Moment& moment : era.moments) {
      if (moment.kind == Moment::Kind::kSwitch) continue;
      Lane& lane = lanes_[moment.thread];
      const int text = PixelsOf(MomentText(moment)) + PixelsOf(moment.place) + kTextInset + 26;
      lane.width = std::max(lane.width, std::min(text, kLaneWidthMax));
    }
  }
  int x = kMargin;
  for (auto& [thread, lane] : lanes_) {
    lane.x = x;
    x += lane.width + kLaneGap;
  }
  width_ = std::max(kWidthMin, x - kLaneGap + kMargin);
}

void Painter::PaintMoment(const Moment& moment) {
  Lane& lane = lanes_.at(moment.thread);
  const bool whole = moment.kind == Moment::Kind::kWhole;
  const bool begins = moment.kind == Moment::Kind::kBegin || whole;
  const bool ends = moment.kind == Moment::Kind::kEnd || whole;
  const bool edge = begins || ends;
  const int life = lane.x + kLifelineInset, left = lane.x + kTextInset;
  if (begins) {
    CloseBox(moment.thread, y_);
    y_ += 6;
    lane.box_top = y_;
  }
  const int room = lane.x + lane.width - left - 10;
  std::vector<std::string> lines = WrapText(MomentText(moment), CharactersIn(room));
  // The place stands behind the text if there is room, else below it.
  const bool place_below =
      !moment.place.empty() && PixelsOf(lines.back()) + 10 + PixelsOf(moment.place) > room;
  const int height =
      static_cast<int>(lines.size() + (place_below ? 1 : 0)) * kLineHeight + (edge ? 6 : 2);
  if (lane.first_y < 0) lane.first_y = y_ + height / 2;
  lane.last_y = y_ + height / 2;
  if (moment.fatal) {
    marks_ += Rect(left - 6, y_ + 1, lane.width - (left - lane.x) - 2, height - 2, 5, "fatal");
  }
  int baseline = y_ + kLineHeight - 5 + (edge ? 2 : 0);
  const int middle = baseline - 4;
  std::string_view style = "";
  if (edge) style = moment.fatal ? "strong red" : "strong ink";
  if (moment.kind == Moment::Kind::kFold) style = "muted";
  if (moment.kind == Moment::Kind::kTwist) style = "strong red";
  if (moment.kind == Moment::Kind::kStep || moment.kind == Moment::Kind::kTwist) {
    const bool red = moment.fatal || moment.kind == Moment::Kind::kTwist;
    marks_ +=
        Words("<circle cx=\"", life, "\" cy=\"", middle, "\" r=\"", red ? 5 : 4, "\" class=\"",
              red ? "red" : "ink", "\"", moment.by_buffer ? " fill-opacity=\"0.35\"" : "", "/>\n");
  }
  for (const std::string& line : lines) {
    marks_ += Text(left, baseline, style, line);
    baseline += kLineHeight;
  }
  if (!moment.place.empty()) {
    const int x = place_below ? left : left + PixelsOf(lines.back()) + 8;
    marks_ += Text(x, place_below ? baseline : baseline - kLineHeight, "muted", moment.place);
  }
  y_ += height;
  if (ends) {
    CloseBox(moment.thread, y_);
    y_ += 6;
  }
}

void Painter::CloseBox(uint8_t thread, int bottom) {
  Lane& lane = lanes_.at(thread);
  if (lane.box_top < 0) return;
  boxes_ +=
      Words("<g class=\"", LaneClass(thread), "\">",
            Rect(lane.x, lane.box_top, lane.width, bottom - lane.box_top, 8, "box"), "</g>\n");
  lane.box_top = -1;
}

void Painter::PaintSwitch(const Moment& moment) {
  constexpr int kHeight = 26;
  const int from = lanes_.at(moment.thread).x + kLifelineInset;
  const int to = lanes_.at(moment.to).x + kLifelineInset;
  const int direction = from < to ? 1 : -1;
  const int y = y_ + kHeight - 8;
  lanes_.at(moment.thread).last_y = y;
  const int tip = to - direction * 7;
  marks_ +=
      Words("<path class=\"cut\" d=\"M", from, " ", y, "H", tip - direction * 7, "\"/>\n",
            "<circle cx=\"", from, "\" cy=\"", y, "\" r=\"4\" class=\"cutfill\"/>\n",
            "<path class=\"cutfill\" d=\"M", tip, " ", y, "l", -direction * 9, " -5v10z\"/>\n");
  const int label = direction > 0 ? from + 14 : from - 14 - PixelsOf("interrupted");
  marks_ += Text(label, y - 6, "cutfill", "interrupted");
  y_ += kHeight;
}

void Painter::PaintEra(const EraStory& era) {
  if (era.moments.empty()) return;
  for (auto& [thread, lane] : lanes_) lane.first_y = lane.box_top = -1;
  const int top = y_;
  for (const uint8_t thread : era.threads) {
    const Lane& lane = lanes_.at(thread);
    boxes_ += Words(
        "<g class=\"", LaneClass(thread), "\">", Rect(lane.x, top, lane.width, 28, 14, "box"),
        Text(lane.x + kTextInset, top + 18, "strong ink", era.thread_names[thread]), "</g>\n");
  }
  y_ += kLaneHeadHeight;
  for (const Moment& moment : era.moments) {
    if (moment.kind == Moment::Kind::kSwitch) {
      PaintSwitch(moment);
      continue;
    }
    marks_ += Words("<g class=\"", LaneClass(moment.thread), "\">\n");
    PaintMoment(moment);
    marks_ += "</g>\n";
  }
  for (const uint8_t thread : era.threads) {
    CloseBox(thread, y_);
    const Lane& lane = lanes_.at(thread);
    const int x = lane.x + kLifelineInset;
    lines_ += Words("<path class=\"life\" d=\"M", x, " ", top + 28, "V", lane.last_y, "\"/>\n");
  }
  y_ += 14;
}

void Painter::PaintCrash(const EraStory& era) {
  if (era.crash.empty()) return;
  marks_ += Rect(0, y_, width_, 28, 0, "bar");
  marks_ +=
      Words("<text x=\"", width_ / 2, "\" y=\"", y_ + 18,
            "\" text-anchor=\"middle\" class=\"onbar prose\">", Escaped(era.crash), "</text>\n");
  y_ += 42;
  for (const std::string& loss : era.losses) {
    marks_ += Text(kMargin, y_ + 8, "red", Words("lost: ", loss));
    y_ += kLineHeight;
  }
  y_ += 12;
}

void Painter::PaintVerdict() {
  if (!story_.failure.has_value()) return;
  const int width = width_ - 2 * kMargin;
  const std::vector<std::string> lines =
      WrapText(story_.failure->detail, CharactersIn(width - 36, kProseCharacterWidth));
  const int height = 38 + static_cast<int>(lines.size()) * kLineHeight;
  marks_ += Rect(kMargin, y_, width, height, 8, "verdict");
  marks_ += Text(kMargin + 18, y_ + 23, "strong red prose", story_.failure->claim);
  int baseline = y_ + 43;
  for (const std::string& line : lines) {
    marks_ += Text(kMargin + 18, baseline, "prose", line);
    baseline += kLineHeight;
  }
  y_ += height;
}

std::string Painter::Paint(const std::string& title, const std::string& subtitle) {
  MeasureLanes();
  width_ = std::max(width_,
                    static_cast<int>(static_cast<double>(CharactersOf(title)) * 11) + 2 * kMargin);
  for (const EraStory& era : story_.eras) {
    PaintEra(era);
    PaintCrash(era);
  }
  PaintVerdict();
  const int height = y_ + kMargin;
  return Words(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", width_, "\" height=\"", height,
      "\" viewBox=\"0 0 ", width_, " ", height, "\" role=\"img\">\n<title>", Escaped(title),
      "</title>\n", kStyle, "<clipPath id=\"card\">", Rect(0, 0, width_, height, 12, "card"),
      "</clipPath>\n", "<g clip-path=\"url(#card)\">\n", Rect(0, 0, width_, height, 12, "card"),
      Text(kMargin, 36, "title prose", title), Text(kMargin, 57, "subtitle prose", subtitle),
      boxes_, lines_, marks_, "</g>\n</svg>\n");
}

}  // namespace

std::string SvgDiagram(const Story& story, const std::string& title, const std::string& subtitle) {
  return Painter(story).Paint(title, subtitle);
}

}  // namespace engram::world
