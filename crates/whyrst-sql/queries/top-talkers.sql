-- pairs of hosts that sent most
select src_ip, dst_ip, count(*) as segments, sum(len) as bytes, sum(case when rst then 1 else 0 end) as resets
from packets
where icmp is null
group by src_ip, dst_ip
order by bytes desc, src_ip, dst_ip
limit 50
