// Is this text UTF-8? Strictly, as Unicode 15 table 3-7 and RFC 3629 define it.

#ifndef ENGRAM_BASE_UTF8_H_
#define ENGRAM_BASE_UTF8_H_

#include <string_view>

#include "base/body.h"

namespace engram::inline ENGRAM_BODY {

// Whether `text` is a sequence of complete UTF-8 encodings of code points up to U+10FFFF, none of
// them overlong, none a surrogate (U+D800..U+DFFF). The empty text is valid, and so is U+0000
// within a text.
bool IsValidUtf8(std::string_view text);

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_BASE_UTF8_H_
