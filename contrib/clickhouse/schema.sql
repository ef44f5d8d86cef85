-- Tables for `whyrst agent --clickhouse URL`. For one server:
--   clickhouse-client --multiquery < schema.sql
-- On a cluster, MergeTree becomes ReplicatedMergeTree and SummingMergeTree becomes ReplicatedSummingMergeTree; inserts
-- are then also recognised when they are repeated (insert_deduplication_token).
-- Fields may be added, never changed in meaning.

CREATE DATABASE IF NOT EXISTS whyrst;

-- Full events: a sample, so many a second and host. What counts are there for all is in `aggregates`.
CREATE TABLE IF NOT EXISTS whyrst.resets
(
    time          DateTime64(9, 'UTC') CODEC(Delta, ZSTD),
    host          LowCardinality(String),
    netns         UInt32,
    cause         LowCardinality(String),
    confidence    LowCardinality(String),
    severity      LowCardinality(String),
    family        LowCardinality(String),  -- the steps of the verdict: shape, how it was made, first reason; or empty
    mechanism     LowCardinality(String),
    reason        LowCardinality(String),
    side          LowCardinality(String),  -- sent, received, local: seen from `host`
    client_ip     String,
    client_port   UInt16,
    server_ip     String,
    server_port   UInt16,
    -- NAT of `host` itself, by its conntrack: `conntrack` (then the ends on the wire follow), `none`, or `unknown`.
    translation      LowCardinality(String),
    wire_client_ip   String,
    wire_client_port UInt16,
    wire_server_ip   String,
    wire_server_port UInt16,
    flow          FixedString(16),         -- of the ends on the wire, the same at both ends: docs/metrics.md
    count         UInt64,
    pid           UInt32,
    comm          LowCardinality(String),
    unit          LowCardinality(String),
    container     String,
    pod           String,
    kernel_reason LowCardinality(String),
    sentence      String CODEC(ZSTD(3)),
    report        String CODEC(ZSTD(6)),   -- whyrst.reset/1, empty where many were folded
    INDEX by_flow flow TYPE bloom_filter GRANULARITY 4
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (cause, server_ip, server_port, time)
TTL toDateTime(time) + INTERVAL 30 DAY;

-- Counts of every window of every host: the sum is the number of resets.
CREATE TABLE IF NOT EXISTS whyrst.aggregates
(
    time       DateTime64(3, 'UTC') CODEC(Delta, ZSTD),  -- when the window began
    seconds    Float32,                                  -- how long it was
    host       LowCardinality(String),
    cause      LowCardinality(String),
    confidence LowCardinality(String),
    severity   LowCardinality(String),
    family     LowCardinality(String),
    reason     LowCardinality(String),
    side       LowCardinality(String),
    service    String,                                   -- ADDRESS:PORT, or `other`
    peer       String,                                   -- ADDRESS, or `other`
    count      UInt64
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (service, cause, time)
TTL toDateTime(time) + INTERVAL 90 DAY;

-- Tables of an older version of this file lack these.
ALTER TABLE whyrst.resets ADD COLUMN IF NOT EXISTS family LowCardinality(String) AFTER severity;
ALTER TABLE whyrst.resets ADD COLUMN IF NOT EXISTS mechanism LowCardinality(String) AFTER family;
ALTER TABLE whyrst.resets ADD COLUMN IF NOT EXISTS reason LowCardinality(String) AFTER mechanism;
ALTER TABLE whyrst.aggregates ADD COLUMN IF NOT EXISTS family LowCardinality(String) AFTER severity;
ALTER TABLE whyrst.aggregates ADD COLUMN IF NOT EXISTS reason LowCardinality(String) AFTER family;

-- What every host was able to hear, window by window, also when nothing happened: without it, silence means nothing.
CREATE TABLE IF NOT EXISTS whyrst.windows
(
    time      DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    seconds   Float32,
    host      LowCardinality(String),
    addresses Array(String),   -- of the agent's network namespace, without loopback
    resets    UInt64,          -- the sum of this window in `aggregates`
    unsampled UInt64,          -- of these, those that are not in `resets`
    lost      UInt64,          -- kernel events that nobody heard, resets that could not be delivered
    unplaced  UInt64           -- resets sent of which the ends on the wire are unknown: another host may call them otherwise
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (host, time)
TTL toDateTime(time) + INTERVAL 30 DAY;

-- Top causes by service and hour, kept for two years: what most questions ask.
CREATE TABLE IF NOT EXISTS whyrst.hourly
(
    hour       DateTime('UTC'),
    service    String,
    cause      LowCardinality(String),
    confidence LowCardinality(String),
    severity   LowCardinality(String),
    side       LowCardinality(String),
    count      UInt64
)
ENGINE = SummingMergeTree(count)
PARTITION BY toYYYYMM(hour)
ORDER BY (service, cause, hour, confidence, severity, side)
TTL hour + INTERVAL 2 YEAR;

CREATE MATERIALIZED VIEW IF NOT EXISTS whyrst.to_hourly TO whyrst.hourly AS
SELECT toStartOfHour(toDateTime(time)) AS hour, service, cause, confidence, severity, side, sum(count) AS count
FROM whyrst.aggregates
GROUP BY hour, service, cause, confidence, severity, side;
