-- which programs reset connections (recordings of `whyrst watch`), and what the kernel gave as the reason
select comm, container, cause, kernel_reason, sum("count") as connections
from resets
where comm is not null
group by comm, container, cause, kernel_reason
order by connections desc, comm, cause
