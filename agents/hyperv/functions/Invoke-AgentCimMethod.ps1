function Invoke-AgentCimMethod {
    <#
    .SYNOPSIS
    Calls a method of WMI and waits for the job that it may start. Return values that are allowed come back, others are thrown by their code.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory = $true)] [object] $Instance,
        [Parameter(Mandatory = $true)] [string] $Method,
        [Parameter(Mandatory = $true)] [hashtable] $Arguments,
        [int[]] $Allowed = @(0),
        [long] $TimeoutMs = 30000
    )
    $result = Invoke-CimMethod -InputObject $Instance -MethodName $Method -Arguments $Arguments
    $value = [int]$result.ReturnValue
    if ($value -eq 4096) {
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        while ($true) {
            $task = Get-CimInstance -InputObject $result.Job
            # JobState: 7 completed, 32768 completed with warnings; up to 6 (shutting down) under way.
            if ([int]$task.JobState -eq 7 -or [int]$task.JobState -eq 32768) { return @{ Value = 0; Result = $result } }
            if ([int]$task.JobState -gt 6) { $value = [int]$task.ErrorCode; if ($value -eq 0) { $value = 32768 }; break }
            if ($watch.ElapsedMilliseconds -ge $TimeoutMs) { throw (New-AgentFailure -Code HYPERVISOR_TIMEOUT -Message "$Method did not end in time; it may still happen.") }
            Start-Sleep -Milliseconds 100
        }
    }
    if ($Allowed -contains $value) { return @{ Value = $value; Result = $result } }
    $code = (Get-AgentErrorTable).ReturnValues[$value]
    if ($null -eq $code) { $code = 'HYPERVISOR_FAILED' }
    throw (New-AgentFailure -Code $code -Message "$Method of Hyper-V answered $value.")
}
