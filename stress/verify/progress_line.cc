// Drawing with carriage returns and the sequence that erases a line.

#include "stress/verify/progress_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "model/tell/sequence_diagram.h"

namespace engram::verify {
namespace {

constexpr std::chrono::milliseconds kInterval{200};

size_t ColumnsOf(std::FILE* stream) {
  winsize size{};
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
  return size.ws_col;
}

}  // namespace

ProgressLine::ProgressLine(std::FILE* stream)
    : stream_(stream), terminal_(isatty(fileno(stream)) != 0) {}

bool ProgressLine::due() const {
  return terminal_ && (!drawn_ || std::chrono::steady_clock::now() - drawn_at_ >= kInterval);
}

void ProgressLine::Show(const std::string& text) {
  if (!due()) return;
  // A line as wide as the terminal would wrap.
  const std::string line = world::WrapText(text, ColumnsOf(stream_) - 1).front();
  std::fprintf(stream_, "\r\033[K%s", line.c_str());
  std::fflush(stream_);
  drawn_ = true;
  drawn_at_ = std::chrono::steady_clock::now();
}

void ProgressLine::Erase() {
  if (!drawn_) return;
  std::fputs("\r\033[K", stream_);
  std::fflush(stream_);
  drawn_ = false;
}

}  // namespace engram::verify
