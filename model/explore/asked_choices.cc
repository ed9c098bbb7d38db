// Remembering questions. Allocates nothing while it is asked: that would be a question, too.

#include "model/explore/asked_choices.h"

namespace engram::world {

void AskedChoices::Begin(Choices& answers) {
  answers_ = &answers;
  questions_.clear();
}

uint32_t AskedChoices::Choose(const Name& name, uint32_t alternatives) {
  if (questions_.size() < kQuestionsMax) questions_.push_back({name, alternatives});
  return answers_->Choose(name, alternatives);
}

}  // namespace engram::world
