-- Installed by `whyrst wireshark install`; `whyrst wireshark uninstall` removes it.
--
-- Fields, columns and expert information of the verdicts that `whyrst explain --annotate` writes as comments:
--   whyrst.id, whyrst.confidence, whyrst.family, whyrst.mechanism, whyrst.reason, whyrst.accepted, whyrst.severity
-- Nothing is judged here: a comment that begins with `whyrst: ID [CONFIDENCE]` is read, and its last line
-- `fields: name=value ...`, which is the same in every language of the comments.

local whyrst = Proto("whyrst", "whyrst: why this connection was reset")

local names = { "id", "confidence", "family", "mechanism", "reason", "severity" }
local titles = {
  id = "Cause", confidence = "Confidence", family = "Family", mechanism = "Mechanism", reason = "Reason",
  severity = "Severity",
}
local fields = {}
for _, name in ipairs(names) do
  fields[name] = ProtoField.string("whyrst." .. name, titles[name])
end
fields.accepted = ProtoField.bool("whyrst.accepted", "Accepted by the receiver")
fields.said = ProtoField.string("whyrst.said", "Verdict")
whyrst.fields = fields

-- The catalogue, filled in by `whyrst wireshark install`.
local causes = {}

-- The window of Expert Information counts by what is registered here: a line for each cause. Red is what somebody has to
-- mend.
local levels = {
  fault = expert.severity.ERROR, attack = expert.severity.ERROR, policy = expert.severity.WARN,
  scan = expert.severity.NOTE, benign = expert.severity.CHAT,
}
local experts, registered = {}, {}
local function notice(id, severity, title)
  local one = ProtoExpert.new("whyrst." .. id .. "." .. severity, title, expert.group.SEQUENCE, levels[severity])
  experts[id .. "." .. severity] = one
  table.insert(registered, one)
end
for severity in pairs(levels) do
  notice("other", severity, "whyrst: another cause")
  notice("unexplained", severity, "whyrst: unexplained")
  for _, id in ipairs(causes) do
    notice(id, severity, "whyrst: " .. id)
  end
end
whyrst.experts = registered

local comment = Field.new("frame.comment")

-- What a comment says, or nil where it is none of a verdict.
local function verdict(text)
  local id, first = text:match("^whyrst: ([%w-]+) %[[^%]\n]+%]([^\n]*)")
  if not id then return nil end
  local said = { id = id }
  for name, value in (text:match("\nfields: ([^\n]*)$") or ""):gmatch("(%w+)=([%w-]+)") do
    said[name] = value
  end
  -- A capture that an older whyrst annotated has the first line alone.
  said.confidence = said.confidence or text:match("^whyrst: [%w-]+ %[(%a+)%]")
  said.family = said.family or first:match("^ %(([%w-]+)%)")
  said.said = text:match("^whyrst: ([^\n]*)")
  return said
end

function whyrst.dissector(buffer, packet, tree)
  for _, one in ipairs({ comment() }) do
    local said = verdict(one.value)
    if said then
      local branch = tree:add(whyrst, buffer(0, 0), "whyrst: " .. said.said)
      for _, name in ipairs(names) do
        if said[name] then branch:add(fields[name], said[name]):set_generated() end
      end
      if said.accepted then branch:add(fields.accepted, said.accepted == "true"):set_generated() end
      branch:add(fields.said, said.said):set_generated()
      local severity = levels[said.severity] and said.severity or "fault"
      local family = said.family and (" (" .. said.family .. ")") or ""
      local short = said.id .. " [" .. (said.confidence or "?") .. "]" .. family
      branch:add_proto_expert_info(experts[said.id .. "." .. severity] or experts["other." .. severity], short)
    end
  end
end

register_postdissector(whyrst)
