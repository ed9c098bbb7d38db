// The command line of `engram`.

#ifndef ENGRAM_CLI_COMMAND_LINE_H_
#define ENGRAM_CLI_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "base/body.h"
#include "cli/command.h"

namespace engram::inline ENGRAM_BODY::cli {

// Understands `arguments`, those behind the program's name, does what they say, and returns what
// the process is to end with. A command line that cannot be understood is kExitUsage, or, if it
// begins with fsck, what fsck(8) says for that.
int Run(std::vector<std::string> arguments, const Streams& streams);

}  // namespace engram::inline ENGRAM_BODY::cli

#endif  // ENGRAM_CLI_COMMAND_LINE_H_
