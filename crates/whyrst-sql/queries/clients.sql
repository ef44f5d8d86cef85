-- clients whose connections were reset most, with the cause that is most frequent
select client_ip, cause, sum("count") as connections, count(distinct service) as services
from resets
group by client_ip, cause
order by connections desc, client_ip, cause
limit 50
