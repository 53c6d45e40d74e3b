-- DataScienceCluster and DSCInitialization: without this Argo CD takes them for healthy as soon as they exist.
local health = { status = "Progressing", message = "its operator has not reported yet" }
if obj.status == nil then
  return health
end
for _, condition in ipairs(obj.status.conditions or {}) do
  if condition.type == "Ready" or condition.type == "ReconcileComplete" then
    if condition.status == "True" then
      return { status = "Healthy", message = condition.message or "" }
    end
    health.message = condition.message or condition.reason or ""
  end
end
if obj.status.phase == "Ready" then
  return { status = "Healthy", message = "" }
end
return health
