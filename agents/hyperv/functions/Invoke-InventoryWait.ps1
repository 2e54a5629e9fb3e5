function Invoke-InventoryWait {
    <#
    .SYNOPSIS
    inventory.wait: waits until the list of the machines is not the known one any more, and answers it.
    .DESCRIPTION
    Looks once after WMI was asked for events, so that no change falls between; then when an event came, least_ms after the look before
    at the soonest, later and later while events change nothing; and after every_ms in any case. Once timeout_ms have passed, items is
    null in place of the next look, which is for the job that follows at once. A host that gives no events is answered at once, with the reason.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $spec = $Job.Spec
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $list = $Job.Clone()
    $list.Spec = @{}
    $pauseMs = [long]$spec['least_ms']
    $data = [ordered]@{ events = $false; digest = $spec['known']; items = $null }
    try { Register-AgentInventoryEvent -Seconds ([Math]::Max(1, [Math]::Ceiling($pauseMs / 1000))) }
    catch { return New-AgentResult -Message ([string]$_) -Data $data }
    $data['events'] = $true
    while ($true) {
        $items = (Invoke-VmList -Job $list).Data['items']
        $lookedAt = $watch.ElapsedMilliseconds
        $digest = Get-AgentDigest -Text (ConvertTo-AgentJson -Value @($items | Sort-Object -Property { $_['id'] }))
        if ($digest -cne $spec['known']) {
            $data['digest'] = $digest
            $data['items'] = $items
            return New-AgentResult -Message 'The machines changed.' -Data $data
        }
        $untilMs = $lookedAt + [long]$spec['every_ms']
        try { $came = Wait-AgentInventoryEvent -Watch $watch -UntilMs $untilMs -RelayProcess $spec['relay_process'] }
        catch {
            $data['events'] = $false
            return New-AgentResult -Message ([string]$_) -Data $data
        }
        if (-not $came -and $watch.ElapsedMilliseconds -lt $untilMs) { return New-AgentResult -Message 'The relay has ended.' -Data $data }
        if ($came) {
            $restMs = $lookedAt + $pauseMs - $watch.ElapsedMilliseconds
            if ($restMs -gt 0) { Start-Sleep -Milliseconds $restMs }
            $pauseMs = [Math]::Min($pauseMs * 2, [long]$spec['every_ms'])
        }
        else { $pauseMs = [long]$spec['least_ms'] }
        # The look that is due is the first of the process that follows.
        if ($watch.ElapsedMilliseconds -ge $spec['timeout_ms']) { return New-AgentResult -Message 'Nothing changed.' -Data $data }
        # Those that came meanwhile are seen by the look that follows.
        Get-Event | Remove-Event
    }
}
