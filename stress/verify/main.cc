// engram-verify: explores programs in the simulated world and says what it found. See
// command_line.h.

#include "model/explore/last_words.h"
#include "stress/verify/command_line.h"

int main(int argc, char** argv) {
  engram::world::LeaveLastWords("engram-verify replay");
  return engram::verify::Main(argc, argv);
}
