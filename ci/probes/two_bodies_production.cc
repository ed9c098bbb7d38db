// One half of a program that must not link: it uses the production body, and only through its
// headers, so that nothing but the tag in base/body.h can tell the linker. The other half is
// two_bodies_simulated.cc.

#include "sync/mutex.h"

int UseSimulatedBody();

int main() {
  engram::sync::Mutex mutex;
  const engram::sync::MutexLock lock(mutex);
  return UseSimulatedBody();
}
