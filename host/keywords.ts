/**
 * The words that the original (mirage-monitoring) keeps out of line protocol by a prefix:
 * InfluxQL's keywords. The core is told them, since only strict mode wants them.
 */

/** Lower-case, a space between two. */
export const KEYWORDS =
  "all alter any as asc begin by create continuous database databases default delete desc" +
  " destinations diagnostics distinct drop duration end every explain field for from grant grants" +
  " group groups in inf insert into key keys kill limit show measurement measurements name offset" +
  " on order password policy policies privileges queries query read replication resample" +
  " retention revoke select series set shard shards slimit soffset stats subscription" +
  " subscriptions tag to user users values where with write";
