// One buffer, which is the get area or the put area.

#include "cli/file_stream.h"

#include "base/status_macros.h"

namespace engram::inline ENGRAM_BODY::cli {

absl::Status FileStreamBuffer::Finish() {
  sync();
  ENGRAM_RETURN_IF_ERROR(status_);
  return file_->SyncData();
}

FileStreamBuffer::int_type FileStreamBuffer::underflow() {
  const absl::StatusOr<size_t> count =
      file_->Read(position_, std::as_writable_bytes(std::span(buffer_)));
  if (!count.ok()) status_ = count.status();
  if (!count.ok() || *count == 0) return traits_type::eof();
  position_.value += *count;
  setg(buffer_.data(), buffer_.data(), buffer_.data() + *count);
  return traits_type::to_int_type(buffer_.front());
}

FileStreamBuffer::int_type FileStreamBuffer::overflow(int_type character) {
  if (sync() != 0) return traits_type::eof();
  setp(buffer_.data(), buffer_.data() + buffer_.size());
  if (!traits_type::eq_int_type(character, traits_type::eof())) {
    sputc(traits_type::to_char_type(character));
  }
  return traits_type::not_eof(character);
}

int FileStreamBuffer::sync() {
  const std::span<const char> rest(pbase(), static_cast<size_t>(pptr() - pbase()));
  setp(nullptr, nullptr);
  if (!rest.empty() && status_.ok()) {
    status_ = io::WriteFully(*file_, position_, std::as_bytes(rest));
    position_.value += rest.size();
  }
  return status_.ok() ? 0 : -1;
}

}  // namespace engram::inline ENGRAM_BODY::cli
