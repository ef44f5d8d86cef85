-- what is worth getting up for: faults that are at least likely, by service
select service, cause, sum("count") as connections, min(title) as because
from resets
where severity = 'fault' and confidence in ('likely', 'certain')
group by service, cause
order by connections desc, service, cause
limit 50
