// The other half of the program that must not link: it uses the simulated body. See
// two_bodies_production.cc.

#include "sync/mutex.h"

int UseSimulatedBody() {
  engram::sync::Mutex mutex;
  const engram::sync::MutexLock lock(mutex);
  return 0;
}
