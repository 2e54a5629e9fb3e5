function Stop-AgentGuest {
    <#
    .SYNOPSIS
    Asks the guest to shut down and waits; true when the machine is off.
    .DESCRIPTION
    Stop-VM returns when the guest has stopped, or never: it runs in a runspace of its own, and is left behind at the end of the
    time. -Force: a guest that is locked or has unsaved work is asked all the same.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param(
        [Parameter(Mandatory = $true)] [object] $Vm,
        [Parameter(Mandatory = $true)] [long] $WaitMs
    )
    $id = ConvertTo-AgentId -Vm $Vm
    $watch = [System.Diagnostics.Stopwatch]::StartNew()
    $side = [System.Management.Automation.PowerShell]::Create()
    $null = $side.AddScript({
            param($machine)
            $ErrorActionPreference = 'Stop'
            $ProgressPreference = 'SilentlyContinue'
            Import-Module -Name 'Hyper-V' -DisableNameChecking
            Stop-VM -VM (Get-VM -Id $machine) -Force -Confirm:$false
        }).AddArgument([guid]$id)
    $task = $side.BeginInvoke()
    while ($true) {
        if ((ConvertTo-AgentState -State (Get-AgentVm -Id $id).State) -ceq 'off') { return $true }
        if ($null -ne $task -and $task.IsCompleted) {
            $task = $null
            $problem = $null
            if ($side.Streams.Error.Count -gt 0) { $problem = $side.Streams.Error[0] }
            elseif ($null -ne $side.InvocationStateInfo.Reason) {
                $problem = $side.InvocationStateInfo.Reason
                if ($null -ne $problem.ErrorRecord) { $problem = $problem.ErrorRecord }
            }
            if ($problem -is [System.Management.Automation.ErrorRecord]) {
                $failure = Resolve-AgentFailure -ErrorRecord $problem
                # The guest may still come to it after Hyper-V gave up: waited for all the same.
                if ($failure.code -ceq 'HYPERVISOR_FAILED') {
                    throw (New-AgentFailure -Code AGENT_UNAVAILABLE -Message "The guest cannot be asked to shut down: $($failure.message)")
                }
                if ($failure.code -cne 'HYPERVISOR_TIMEOUT') { throw (New-AgentFailure -Code $failure.code -Message $failure.message) }
            }
        }
        if ($watch.ElapsedMilliseconds -ge $WaitMs) { return $false }
        Start-Sleep -Milliseconds ([int][Math]::Min(200, [Math]::Max(1, $WaitMs - $watch.ElapsedMilliseconds)))
    }
}
