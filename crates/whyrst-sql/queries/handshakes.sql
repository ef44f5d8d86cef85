-- how long services take to answer a SYN: milliseconds, by service
select service, count(*) as handshakes, round(min(ms), 3) as least, round(avg(ms), 3) as mean, round(max(ms), 3) as most
from (
  select a.src_ip || ':' || cast(a.src_port as varchar) as service,
         (cast(min(a.time) as bigint) - cast(min(s.time) as bigint)) / 1e6 as ms
  from packets s
  join packets a on a.flow = s.flow and a.syn and a."ack" and a.ack_number = (s.seq + 1) % 4294967296
  where s.syn and not s."ack"
  group by a.src_ip, a.src_port, s.flow, s.seq
)
group by service
order by most desc, service
limit 50
