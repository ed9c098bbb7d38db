// A program made of one function.

#include "model/world/program.h"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace engram::world {
namespace {

class FunctionScenario final : public Scenario {
 public:
  explicit FunctionScenario(std::shared_ptr<const std::function<void()>> body)
      : body_(std::move(body)) {}
  void Run() override { (*body_)(); }

 private:
  const std::shared_ptr<const std::function<void()>>
      body_;  // shared with the Program, never changed
};

}  // namespace

Program FromFunction(std::string name, std::function<void()> body, Bounds bounds) {
  Program program;
  program.name = std::move(name);
  program.bounds = bounds;
  auto shared = std::make_shared<const std::function<void()>>(std::move(body));
  program.make = [shared](World&, std::span<const Operation>) {
    return std::make_unique<FunctionScenario>(shared);
  };
  return program;
}

}  // namespace engram::world
