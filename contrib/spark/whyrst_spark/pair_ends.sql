-- both ends of each connection as one verdict: what was sent here and received there
--
-- Tables: `linked_endings` (resets and failed connects of every end) and `linked_packets` (their packets), both with
-- `link`, which says what belongs together, and `time_ns`. Rows of the two ends belong to one connection
-- when its addresses and ports are the same and their first RSTs come within five seconds of each other.
--
-- The rules, each from a fact of TCP:
--   the surer of the two verdicts counts; of two equally sure ones that of the source that comes first;
--   two ends that are both sure of different causes cannot both be right: possible;
--   a RST that was recorded at both ends was made by an end, not between them;
--   a RST that reached one end more often than it left the other, although that one recorded its sender
--   before and after it and misses none of its other segments, was made in between: certain, where
--   nothing else fits. Rows tell nothing of packets that a capture dropped: a single one may still be lost.
-- Which source is the client's end is known by the handshake: the SYN-ACK comes later after the SYN there.
with ranked as (
  select e.*, case confidence when 'certain' then 3 when 'likely' then 2 when 'possible' then 1 else 0 end as sure
  from linked_endings e
),
handshakes as (
  select link, source, flow,
         min(case when syn and ack then time_ns end) - min(case when syn and not ack then time_ns end) as wait_ns
  from linked_packets
  where syn
  group by link, source, flow
),
-- The first RST of each ending, by its frame.
rsts as (
  select r.link, r.source, r.time_ns, p.flow, p.seq, p.ack_number, p.src_ip, p.src_port
  from ranked r
  join linked_packets p on p.link = r.link and p.source = r.source and p.frame = r.frame and p.rst
),
-- What both sources recorded of its sender: how often this RST, and when anything at all.
recorded as (
  select r.link, r.source, r.time_ns, r.flow,
         sum(case when p.source = r.source and p.rst and p.seq = r.seq then 1 else 0 end) as here,
         sum(case when p.source <> r.source and p.rst and p.seq = r.seq then 1 else 0 end) as there,
         min(case when p.source <> r.source then p.time_ns end) as first_ns,
         max(case when p.source <> r.source then p.time_ns end) as last_ns
  from rsts r
  join linked_packets p on p.link = r.link and p.flow = r.flow and p.src_ip = r.src_ip and p.src_port = r.src_port
  group by r.link, r.source, r.time_ns, r.flow
),
-- What its sender sent besides, recorded here and not there: that one is no witness then.
missed as (
  select r.link, r.source, r.time_ns, count(*) as segments
  from rsts r
  join linked_packets p
    on p.link = r.link and p.source = r.source and p.flow = r.flow
   and p.src_ip = r.src_ip and p.src_port = r.src_port and not p.rst
  left join linked_packets q
    on q.link = p.link and q.source <> p.source and q.flow = p.flow
   and q.src_ip = p.src_ip and q.src_port = p.src_port and q.seq = p.seq and q.len = p.len and q.flags = p.flags
  where q.frame is null
  group by r.link, r.source, r.time_ns
),
known as (
  select r.link, r.source, r.time_ns, e.here, e.there, coalesce(m.segments, 0) as missed,
         e.first_ns <= r.time_ns and r.time_ns <= e.last_ns as covered,
         case when own.wait_ns > other.wait_ns then 'client' when own.wait_ns < other.wait_ns then 'server' end as at_end
  from rsts r
  join recorded e on e.link = r.link and e.source = r.source and e.time_ns = r.time_ns
  left join missed m on m.link = r.link and m.source = r.source and m.time_ns = r.time_ns
  left join handshakes own on own.link = r.link and own.source = r.source and own.flow = r.flow
  left join handshakes other on other.link = r.link and other.source <> r.source and other.flow = r.flow
),
-- The other end's ending of the same connection.
partners as (
  select r.link, r.source, r.time_ns,
         max(case when o.sure > r.sure or (o.sure = r.sure and o.source < r.source) then 1 else 0 end) as yields,
         max(case when o.sure >= 2 and r.sure >= 2 and o.cause <> r.cause then 1 else 0 end) as disputed,
         count(*) as ends
  from ranked r
  join ranked o
    on o.link = r.link and o.source <> r.source
   and o.client_ip = r.client_ip and o.client_port = r.client_port
   and o.server_ip = r.server_ip and o.server_port = r.server_port
   and abs(o.time_ns - r.time_ns) <= 5000000000
  group by r.link, r.source, r.time_ns
)
select r.link, r.source, r.time_ns, r.client_ip, r.client_port, r.server_ip, r.server_port, r.reset_by, r.cause,
       case when p.disputed = 1 then 'possible'
            when r.sure = 2 and r.origin = 'path' and cardinality(r.alternatives) = 0
                 and k.there < k.here and k.covered and k.missed = 0 and k.at_end <> r.reset_by then 'certain'
            else r.confidence end as confidence,
       case when r.origin = 'unknown' and k.there > 0 then 'endpoint' else r.origin end as origin,
       case when k.there >= k.here then 'recorded at both ends'
            when k.covered and k.at_end = r.reset_by then 'left its sender, never arrived'
            when k.covered and k.at_end <> r.reset_by then 'arrived, never left its sender'
            else 'recorded at one end, the other is not known' end as passage,
       coalesce(p.ends, 0) + 1 as ends
from ranked r
left join partners p on p.link = r.link and p.source = r.source and p.time_ns = r.time_ns
left join known k on k.link = r.link and k.source = r.source and k.time_ns = r.time_ns
where coalesce(p.yields, 0) = 0
order by r.link, r.time_ns
