// engram: looks after a store. See command_line.h.

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "cli/command_line.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const int status = engram::cli::Run(std::move(arguments),
                                      {std::cin, std::cout, std::cerr, isatty(STDERR_FILENO) != 0});
  std::cout.flush();
  if (std::cout.good()) return status;
  std::cerr << "engram: the output cannot be written\n";
  return status == 0 ? engram::cli::kExitFailed : status;
}
