// Specimen "get_store_remove": migration between the hot and the warm tier as get, store, remove.
//
// Each tier is a map with a lock of its own. New memories go to the hot tier, whose copy hides one
// in the warm tier. A reader looks into the hot tier, then into the warm one; mutations take both
// locks, hot before warm. Without migration this is linearizable.
//
// Believed: migration needs nothing new. Each of its three calls is safe by itself, and since the
// source is removed last, the memory is somewhere at every moment.
//
// Wrong: the three calls together are not one. What is stored or updated after the get is thrown
// away by the remove (or, on the way up, overwritten by the store); what is removed after the get
// is revived by the store; while both tiers hold a copy, the older one can be updated; and a reader
// that has left the hot tier before the store and reaches the warm one after the remove sees
// nothing at all.
//
// Right: migration_by_move.cc.

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "stress/specimens/designs.h"
#include "sync/mutex.h"

namespace engram::specimens {
namespace {

struct Record {
  std::string text = {};
  float activation = 0;
  Sequence sequence = {};
};

struct Tier {
  sync::SharedMutex lock;
  std::map<std::string, Record> records ENGRAM_GUARDED_BY(lock);

  std::optional<Record> Get(const std::string& id) {
    sync::ReaderLock reading(lock);
    const auto found = records.find(id);
    return found == records.end() ? std::nullopt : std::optional<Record>(found->second);
  }
  void Store(const std::string& id, const Record& record) {
    sync::WriterLock writing(lock);
    records[id] = record;
  }
  void Remove(const std::string& id) {
    sync::WriterLock writing(lock);
    records.erase(id);
  }
};

class GetStoreRemove final : public SpecimenStore {
 public:
  Answer Store(const std::string& id, const std::string& text, const Assigned& assigned) override {
    sync::WriterLock hot_lock(hot_.lock);
    const Sequence sequence = NextSequence(assigned);
    hot_.records[id] = Record{.text = text, .sequence = sequence};
    return Answer{.sequence = sequence};
  }

  Answer Get(const std::string& id) override {
    std::optional<Record> record = hot_.Get(id);
    if (!record.has_value()) record = warm_.Get(id);
    if (!record.has_value()) return Absent();
    return Answer{
        .sequence = record->sequence, .text = record->text, .activation = record->activation};
  }

  Answer UpdateActivation(const std::string& id, float activation,
                          const Assigned& assigned) override {
    sync::WriterLock hot_lock(hot_.lock);
    sync::WriterLock warm_lock(warm_.lock);
    auto& tier = hot_.records.contains(id) ? hot_.records : warm_.records;
    const auto found = tier.find(id);
    if (found == tier.end()) return Absent();
    found->second.activation = activation;
    found->second.sequence = NextSequence(assigned);
    return Answer{.sequence = found->second.sequence};
  }

  Answer Remove(const std::string& id, const Assigned& assigned) override {
    sync::WriterLock hot_lock(hot_.lock);
    sync::WriterLock warm_lock(warm_.lock);
    if (hot_.records.erase(id) + warm_.records.erase(id) == 0) return Absent();
    return Answer{.sequence = NextSequence(assigned)};
  }

  void Demote(const std::string& id) override { Migrate(id, hot_, warm_); }
  void Promote(const std::string& id) override { Migrate(id, warm_, hot_); }

 private:
  static void Migrate(const std::string& id, Tier& source, Tier& target) {
    const std::optional<Record> record = source.Get(id);
    if (!record.has_value()) return;
    target.Store(id, *record);
    source.Remove(id);
  }

  Sequence NextSequence(const Assigned& assigned) ENGRAM_REQUIRES(hot_.lock) {
    const Sequence sequence{++last_sequence_.value};
    assigned(sequence);
    return sequence;
  }

  Tier hot_;
  Tier warm_;
  Sequence last_sequence_ ENGRAM_GUARDED_BY(hot_.lock);
};

}  // namespace

OpenedSpecimen OpenGetStoreRemove(io::FileSystem&) { return std::make_unique<GetStoreRemove>(); }

}  // namespace engram::specimens
