// Answers as another does, and remembers what was asked: what an execution could have done
// otherwise.

#ifndef ENGRAM_MODEL_EXPLORE_ASKED_CHOICES_H_
#define ENGRAM_MODEL_EXPLORE_ASKED_CHOICES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/world/choices.h"

namespace engram::world {

struct Question {
  Name name;
  uint32_t alternatives = 0;
};

// Thread safety: confined to one OS thread.
class AskedChoices final : public Choices {
 public:
  // More are answered, but not remembered.
  static constexpr size_t kQuestionsMax = 32'768;

  AskedChoices() { questions_.reserve(kQuestionsMax); }

  // Forgets all questions; from now on `answers` answers. It must outlive what asks.
  void Begin(Choices& answers);

  uint32_t Choose(const Name& name, uint32_t alternatives) override;

  // In the order in which they were asked.
  const std::vector<Question>& questions() const { return questions_; }

 private:
  Choices* answers_ = nullptr;
  std::vector<Question> questions_;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_EXPLORE_ASKED_CHOICES_H_
