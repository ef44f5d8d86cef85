-- services, with the share of their connections that was reset by a fault
select c.service, count(*) as connections, count(r.cause) as reset,
       count(case when r.severity = 'fault' then 1 end) as faults,
       round(100.0 * count(case when r.severity = 'fault' then 1 end) / count(*), 2) as fault_percent
from connections c
left join resets r
  on r.source = c.source and r.client_ip = c.client_ip and r.client_port = c.client_port and r.service = c.service
  and r.time between c.time and c.last
group by c.service
order by faults desc, connections desc, c.service
limit 50
