// Passes errors on: the two ways a Status travels up. No Status is dropped.

#ifndef ENGRAM_BASE_STATUS_MACROS_H_
#define ENGRAM_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the current function if `expression`, an absl::Status, is not OK.
#define ENGRAM_RETURN_IF_ERROR(expression)                                                       \
  do {                                                                                           \
    if (absl::Status engram_status_ = (expression); !engram_status_.ok()) return engram_status_; \
  } while (false)

#define ENGRAM_CONCATENATE_(a, b) a##b
#define ENGRAM_CONCATENATE(a, b) ENGRAM_CONCATENATE_(a, b)

// Assigns the value of `expression`, an absl::StatusOr, to `target`, or returns its error.
#define ENGRAM_ASSIGN_OR_RETURN(target, expression) \
  ENGRAM_ASSIGN_OR_RETURN_(ENGRAM_CONCATENATE(engram_result_, __LINE__), target, expression)
// NOLINTBEGIN(bugprone-macro-parentheses): `target` may declare a variable, `result` is its name.
#define ENGRAM_ASSIGN_OR_RETURN_(result, target, expression) \
  auto result = (expression);                                \
  if (!result.ok()) return std::move(result).status();       \
  target = *std::move(result)
// NOLINTEND(bugprone-macro-parentheses)

#endif  // ENGRAM_BASE_STATUS_MACROS_H_
