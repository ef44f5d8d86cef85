-- resets that nothing in the catalogue explains, with where to look
select time, source, frame, client_ip, client_port, service, reset_by, phase, history
from resets
where confidence = 'unexplained'
order by time, source, frame
limit 100
