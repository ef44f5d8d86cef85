-- top causes by service: how many connections, since when, until when
select service, cause, severity, sum("count") as connections, min(time) as first, max(time) as last
from resets
group by service, cause, severity
order by connections desc, service, cause
limit 50
