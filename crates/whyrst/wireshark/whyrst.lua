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

-- Red is what somebody has to mend.
local function notice(name, title, level)
  return ProtoExpert.new("whyrst." .. name .. ".expert", title, expert.group.SEQUENCE, level)
end
local experts = {
  fault = notice("fault", "A reset that is a fault", expert.severity.ERROR),
  attack = notice("attack", "A reset that is an attack", expert.severity.ERROR),
  policy = notice("policy", "A reset that a rule asks for", expert.severity.WARN),
  scan = notice("scan", "A reset of a scan", expert.severity.NOTE),
  benign = notice("benign", "A reset that does no harm", expert.severity.CHAT),
}
whyrst.experts = experts

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
      -- Equal texts are one line of Expert Information, with their number.
      local family = said.family and (" (" .. said.family .. ")") or ""
      local short = said.id .. " [" .. (said.confidence or "?") .. "]" .. family
      branch:add_proto_expert_info(experts[said.severity] or experts.fault, short)
    end
  end
end

register_postdissector(whyrst)
