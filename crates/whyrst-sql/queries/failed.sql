-- connects that failed without any RST, by service
select service, cause, confidence, sum("count") as connects, count(distinct client_ip) as clients, min(time) as first, max(time) as last
from failed_connects
group by service, cause, confidence
order by connects desc, service, cause
limit 50
