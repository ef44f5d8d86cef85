-- What the other end says of every RST that was received, by the connection's number and the time.
--
--   sender   the other end sent it: the cause is the sender's, whose kernel said why
--   path     the other end's host heard everything in that time and sent no RST on this connection:
--            something between the two made it
--   unknown  no agent is known to have that address, or it lost or left out something in that time, or it is not
--            known what stood on the wire
--
-- Clocks may differ by {within} seconds. Where a host translates addresses (containers, published ports, service
-- addresses of a cluster), `flow` and the wire_* columns are those on the wire between the hosts, as its conntrack has
-- them. A NAT between the hosts is nobody's here: then no agent has the address, and it stays unknown.
WITH
    received AS
    (
        SELECT time, host, flow, client_ip, client_port, server_ip, server_port, cause AS seen_as,
               translation,
               arrayJoin(if(wire_client_ip = '', [client_ip, server_ip], [wire_client_ip, wire_server_ip])) AS end
        FROM whyrst.resets
        WHERE side = 'received' AND time >= {since:DateTime64(3, 'UTC')}
    ),
    sent AS
    (
        SELECT flow, time AS sent_at, host AS sender, cause, confidence, comm, sentence
        FROM whyrst.resets
        WHERE side = 'sent' AND time >= {since:DateTime64(3, 'UTC')} - INTERVAL 1 MINUTE
    ),
    -- Windows in which a host heard everything, and its addresses. Each is asked at both of its ends, so that a RST at
    -- the edge of two windows needs both.
    deaf AS
    (
        SELECT host, time, seconds, arrayJoin(addresses) AS ip, unsampled + lost + unplaced AS missing
        FROM whyrst.windows
        WHERE time >= {since:DateTime64(3, 'UTC')} - INTERVAL 1 HOUR
    ),
    -- Of the other end's windows around the RST: how much of the time they cover, and what is missing in them.
    cover AS
    (
        SELECT r.flow AS flow, r.time AS time, r.host AS host, d.host AS other,
               min(d.time) AS begins, max(d.time + toIntervalMillisecond(toInt64(d.seconds * 1000))) AS ends,
               sum(d.seconds) AS covered, sum(d.missing) AS missing
        FROM received AS r
        INNER JOIN deaf AS d ON d.ip = r.end
        WHERE d.host != r.host
          AND d.time <= r.time + toIntervalSecond({within:UInt32})
          AND d.time + toIntervalMillisecond(toInt64(d.seconds * 1000)) >= r.time - toIntervalSecond({within:UInt32})
        GROUP BY flow, time, host, other
    ),
    told AS
    (
        SELECT r.flow AS flow, r.time AS time, r.host AS host, argMin(s.sender, abs(s.sent_at - r.time)) AS sender,
               argMin(s.cause, abs(s.sent_at - r.time)) AS cause, argMin(s.confidence, abs(s.sent_at - r.time)) AS confidence,
               argMin(s.comm, abs(s.sent_at - r.time)) AS comm
        FROM (SELECT DISTINCT flow, time, host FROM received) AS r
        INNER JOIN sent AS s ON s.flow = r.flow
        WHERE abs(s.sent_at - r.time) <= {within:UInt32}
        GROUP BY flow, time, host
    )
SELECT
    r.time AS time,
    r.host AS receiver,
    concat(r.client_ip, ':', toString(r.client_port), ' > ', r.server_ip, ':', toString(r.server_port)) AS connection,
    multiIf(t.sender != '', 'sender',
            c.other != '' AND c.missing = 0 AND r.translation != 'unknown'
                AND c.begins <= r.time - toIntervalSecond({within:UInt32})
                AND c.ends >= r.time + toIntervalSecond({within:UInt32})
                AND c.covered * 1.01 + 0.05 >= (toUnixTimestamp64Milli(c.ends) - toUnixTimestamp64Milli(c.begins)) / 1000, 'path',
            'unknown') AS made_by,
    if(t.sender != '', t.sender, c.other) AS other,
    t.cause AS cause,
    t.confidence AS confidence,
    t.comm AS comm
FROM (SELECT DISTINCT time, host, flow, client_ip, client_port, server_ip, server_port, translation FROM received) AS r
LEFT JOIN told AS t ON t.flow = r.flow AND t.time = r.time AND t.host = r.host
LEFT JOIN cover AS c ON c.flow = r.flow AND c.time = r.time AND c.host = r.host
ORDER BY time, connection
