-- resets by minute and cause
select date_trunc('minute', time) as minute, cause, sum("count") as connections
from resets
group by 1, 2
order by 1, 3 desc, 2
