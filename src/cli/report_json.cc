// Field by field, in the order of api/reports.h.

#include "cli/report_json.h"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

Json Damages(const std::vector<Damage>& damages) {
  Json list = Json::array();
  for (const Damage& damage : damages) list.push_back(ToJson(damage));
  return list;
}

}  // namespace

Json ToJson(const Statistics& statistics) {
  return {{"memories", statistics.memories},
          {"memories_hot", statistics.memories_hot},
          {"memories_warm", statistics.memories_warm},
          {"memories_cold", statistics.memories_cold},
          {"hot_bytes", statistics.hot_bytes},
          {"warm_bytes", statistics.warm_bytes},
          {"cold_bytes", statistics.extents_of_cold * statistics.extent_bytes},
          {"last_sequence", statistics.last_sequence.value},
          {"durable_sequence", statistics.durable_sequence.value},
          {"content_bytes_live", statistics.content_bytes_live},
          {"content_bytes_total", statistics.content_bytes_total},
          {"fragmentation", statistics.fragmentation},
          {"file_bytes", statistics.file_bytes},
          {"extent_bytes", statistics.extent_bytes},
          {"extents_free", statistics.extents_free},
          {"extents_of_slots", statistics.extents_of_slots},
          {"extents_of_log", statistics.extents_of_log},
          {"extents_of_blobs", statistics.extents_of_blobs},
          {"extents_of_checkpoint", statistics.extents_of_checkpoint},
          {"extents_of_cold", statistics.extents_of_cold},
          {"cold_rows_live", statistics.cold_rows_live},
          {"cold_rows_total", statistics.cold_rows_total},
          {"slots_used", statistics.slots_used},
          {"slots_free", statistics.slots_free},
          {"entries_since_checkpoint", statistics.entries_since_checkpoint},
          {"changed_memories", statistics.changed_memories},
          {"index_bytes", statistics.index_bytes}};
}

Json ToJson(const Damage& damage) {
  return {{"offset", damage.offset.value},
          {"bytes", damage.bytes},
          {"structure", damage.structure},
          {"id", damage.id},
          {"explanation", damage.explanation}};
}

Json ToJson(const RecoveryReport& report) {
  return {{"clean", report.clean},
          {"entries_replayed", report.entries_replayed},
          {"tail_was_cut", report.tail_was_cut},
          {"cut_at", report.cut_at.value},
          {"possibly_acknowledged", report.possibly_acknowledged},
          {"superblock_restored", report.superblock_restored},
          {"fragmentation", report.fragmentation},
          {"is_fragmented", report.is_fragmented},
          {"damages", Damages(report.damages)}};
}

Json ToJson(const VerifyReport& report) {
  return {{"memories_checked", report.memories_checked},
          {"memories_cold", report.memories_cold},
          {"memories_damaged", report.memories_damaged},
          {"content_bytes", report.content_bytes},
          {"checkpoint_buckets_checked", report.checkpoint_buckets_checked},
          {"damages", Damages(report.damages)},
          {"miscounts", report.miscounts}};
}

std::string Printed(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace engram::inline ENGRAM_BODY::cli
