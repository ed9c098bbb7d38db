// Hashes of executions, compared with those of another process, or of another build through a file.

#include "stress/verify/determinism.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <iterator>
#include <memory>
#include <unordered_set>

#include "base/check.h"
#include "model/explore/explorers.h"
#include "model/explore/random.h"
#include "model/explore/runner.h"
#include "model/tell/words.h"
#include "stress/verify/mixture_program.h"

extern char** environ;

namespace engram::verify {
namespace {

using world::Words;

// Hashes as bytes in a stream. Thread safety: thread-compatible. Ownership: closes what it is
// given.
class HashStream {
 public:
  explicit HashStream(std::FILE* stream) : stream_(stream) {}
  ~HashStream() {
    if (stream_ != nullptr) std::fclose(stream_);
  }
  HashStream(const HashStream&) = delete;
  HashStream& operator=(const HashStream&) = delete;

  bool ok() const { return stream_ != nullptr; }
  bool Read(uint64_t& hash) {
    unsigned char bytes[8];
    if (std::fread(bytes, 1, sizeof(bytes), stream_) != sizeof(bytes)) return false;
    hash = 0;
    for (int i = 7; i >= 0; --i) hash = (hash << 8) | bytes[i];
    return true;
  }
  bool Write(uint64_t hash) {
    unsigned char bytes[8];
    for (unsigned char& byte : bytes) {
      byte = static_cast<unsigned char>(hash & 0xFF);
      hash >>= 8;
    }
    return std::fwrite(bytes, 1, sizeof(bytes), stream_) == sizeof(bytes);
  }
  bool Flush() { return std::fflush(stream_) == 0; }

 private:
  std::FILE* const stream_;
};

// Runs everything here and compares with what `others` has.
HashComparison Compare(uint64_t seed, uint64_t executions, HashStream& others) {
  HashComparison comparison;
  std::unordered_set<uint64_t> distinct;
  VisitExecutionHashes(seed, executions, [&](uint64_t hash) {
    uint64_t other = 0;
    if (!others.Read(other)) {
      comparison.error = Words("the other side has only ", comparison.executions, " hashes");
      return false;
    }
    if (other != hash && comparison.mismatches++ == 0) {
      comparison.first_mismatch = comparison.executions;
    }
    ++comparison.executions;
    distinct.insert(hash);
    comparison.combined = (comparison.combined ^ hash) * 0x9E3779B97F4A7C15u;
    comparison.combined ^= comparison.combined >> 29;
    return true;
  });
  uint64_t more = 0;
  if (comparison.error.empty() && others.Read(more)) {
    comparison.error = "the other side has more hashes than were asked for";
  }
  comparison.distinct = distinct.size();
  return comparison;
}

}  // namespace

void VisitExecutionHashes(uint64_t seed, uint64_t executions,
                          const std::function<bool(uint64_t hash)>& visit) {
  const world::Program mixture = MixtureProgram();
  world::Runner runner(mixture, mixture.bounds);
  const std::unique_ptr<world::Explorer> explorers[] = {world::MakeRandomExplorer(seed),
                                                        world::MakePctExplorer(seed, 3)};
  for (uint64_t i = 0; i < executions; ++i) {
    world::Explorer& explorer = *explorers[i % std::size(explorers)];
    ENGRAM_CHECK(explorer.Begin(runner.scheduler()), "walks never come to an end");
    runner.Run(mixture.generate(world::Random(seed, i).Next()), explorer);
    explorer.End();
    if (!visit(runner.scheduler().event_hash())) return;
  }
}

HashComparison CompareWithProcess(uint64_t seed, uint64_t executions,
                                  const std::vector<std::string>& command) {
  HashComparison failed;
  int ends[2];
  if (pipe(ends) != 0) {
    failed.error = "no pipe to another process could be made";
    return failed;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawn_file_actions_addclose(&actions, ends[1]);
  std::vector<char*> arguments;
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t process = 0;
  const int error =
      posix_spawn(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    failed.error = Words("another process could not be started: ", command[0]);
    return failed;
  }
  HashComparison comparison;
  {
    HashStream others(fdopen(ends[0], "rb"));
    comparison = Compare(seed, executions, others);
  }
  int status = 0;
  waitpid(process, &status, 0);
  if (comparison.error.empty() && status != 0) comparison.error = "the other process failed";
  return comparison;
}

HashComparison CompareWithFile(uint64_t seed, uint64_t executions, const std::string& path) {
  HashStream others(std::fopen(path.c_str(), "rb"));
  if (others.ok()) return Compare(seed, executions, others);
  HashComparison failed;
  failed.error = Words("cannot read ", path);
  return failed;
}

bool WriteHashes(uint64_t seed, uint64_t executions, const std::string& path) {
  std::FILE* const file =
      path == "-" ? fdopen(dup(STDOUT_FILENO), "wb") : std::fopen(path.c_str(), "wb");
  HashStream stream(file);
  bool written = stream.ok();
  if (written) {
    VisitExecutionHashes(seed, executions, [&](uint64_t hash) {
      written = stream.Write(hash);
      return written;
    });
    written = written && stream.Flush();
  }
  if (!written) std::fprintf(stderr, "engram-verify: cannot write %s\n", path.c_str());
  return written;
}

}  // namespace engram::verify
