# What every function of the module does around its own work: rights, faults, the record of calls, errors as on Windows.

# $Work runs with the world as its argument and sees the variables of the function that called. Its output goes out when the
# lock is back, so that a pipeline of two of these does not wait for itself.
function Invoke-FakeHyperV {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSReviewUnusedParameter', 'Bound', Justification = 'used in the block')]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSReviewUnusedParameter', 'Work', Justification = 'used in the block')]
    param($Cmdlet, [System.Collections.IDictionary]$Bound, [scriptblock]$Work)
    $fakeCommand = $Cmdlet.MyInvocation.MyCommand.Name
    $fakeError = $null
    $fakeResult = @()
    $fakeDelay = [pscustomobject]@{ ms = 0 }
    try {
        $fakeResult = Invoke-FakeWorld -FakeBody {
            param($World)
            if ($World.record) {
                $World.calls = @($World.calls) + [pscustomobject]@{ command = $fakeCommand; parameters = @($Bound.Keys); process = $PID }
            }
            if ($World.host.access -eq 'none') { Deny-FakeWork -Id 'AccessDenied' -Message 'Sie haben nicht die erforderliche Berechtigung.' }
            Invoke-FakeFault -World $World -Command $fakeCommand
            if ($null -ne $World.delays.PSObject.Properties[$fakeCommand]) { $fakeDelay.ms = $World.delays.$fakeCommand }
            & $Work $World
        }
    } catch {
        if ($null -eq $_.Exception.PSObject.Properties['ErrorIdentifier']) { throw }
        $fakeError = $_.Exception
    }
    # Like a job of the host: it is under way whether or not anybody waits for it.
    if ($fakeDelay.ms -gt 0) { [System.Threading.Thread]::Sleep($fakeDelay.ms) }
    if ($null -ne $fakeError) { Write-FakeError -Cmdlet $Cmdlet -Exception $fakeError; return }
    foreach ($fakeItem in $fakeResult) { $Cmdlet.WriteObject($fakeItem, $false) }
}

# What ShouldProcess names.
function Get-FakeTarget {
    param([System.Collections.IDictionary]$Bound)
    foreach ($key in 'Name', 'VMName', 'Path', 'VM') {
        if ($Bound.ContainsKey($key)) { return (@($Bound[$key]) | ForEach-Object { if ($_ -is [string]) { $_ } else { $_.Name } }) -join ', ' }
    }
    return 'Hyper-V'
}

# On Windows these ask the person at the console; an agent has none.
function Assert-FakeForce {
    param([bool]$Force, [string]$Message)
    if (-not $Force) { Deny-FakeWork -Id 'Unspecified' -Message "Windows fragt hier nach ($Message): -Force fehlt." }
}

# Answers the machines when -Passthru was given.
function Write-FakePassthru {
    param([System.Collections.IDictionary]$Bound, [psobject]$World, [psobject]$Machine)
    if ($Bound.ContainsKey('Passthru') -and $Bound['Passthru']) { ConvertTo-FakeVM -World $World -Machine $Machine }
}
