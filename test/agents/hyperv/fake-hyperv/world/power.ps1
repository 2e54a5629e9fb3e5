# Power: starting with what Windows checks first, asking a guest to shut down, waiting for it.

function Invoke-FakeStart {
    param([psobject]$World, [psobject]$Machine)
    Assert-FakeNotMerging -Machine $Machine
    if ($Machine.state -notin 'Off', 'Saved', 'Paused') { Deny-FakeWork -Id 'InvalidState' -Message 'In diesem Zustand ist kein Start moeglich.' }
    if ($Machine.state -eq 'Paused') { $Machine.state = 'Running'; return }
    foreach ($drive in @($Machine.drives | Where-Object { $_.path -ne '' })) {
        if (-not [System.IO.File]::Exists($drive.path)) { Deny-FakeDisk -Path $drive.path -Text 'Das System kann die angegebene Datei nicht finden.' -Code '0x80070002' -Id 'ObjectNotFound' }
        if ($drive.kind -eq 'dvd') { continue }
        $null = Get-FakeChain -Path $drive.path
        if (-not $drive.shared) { Assert-FakeFree -World $World -Path $drive.path -Except $Machine.id }
    }
    if ($Machine.cpu.count -gt $World.host.processors) { Deny-FakeWork -Id 'OperationFailed' -Message 'Der Host hat nicht so viele Prozessoren.' }
    Assert-FakeHostMemory -World $World -Bytes $Machine.memory.startup
    $null = Add-FakeDefault -Target $Machine.guest -Default @{ boot = 'ok' }
    if ($Machine.guest.boot -eq 'fail') { Deny-FakeWork -Id 'OperationFailed' -Message 'Der virtuelle Computer konnte nicht gestartet werden.' }
    if ($Machine.state -eq 'Off' -and $Machine.settings.automatic -and $Machine.settings.checkpoints -ne 'Disabled') {
        Clear-FakeAutomatic -World $World -Machine $Machine
        $null = Add-FakeSnapshot -Machine $Machine -Name "Automatischer Pruefpunkt - $($Machine.name)" -Automatic $true
    }
    foreach ($nic in @($Machine.nics)) { if ($nic.dynamic -and $nic.mac -eq '000000000000') { $nic.mac = Get-FakeNewMac -World $World } }
    $Machine.state = 'Running'
    $Machine.startedMs = Get-FakeNow
}

function Clear-FakeAutomatic {
    param([psobject]$World, [psobject]$Machine)
    foreach ($snapshot in @($Machine.snapshots | Where-Object automatic)) { Clear-FakeSnapshot -World $World -Machine $Machine -Snapshot $snapshot }
}

# The plug: from any state but Off. Automatic checkpoints are merged then.
function Invoke-FakeTurnOff {
    param([psobject]$World, [psobject]$Machine)
    $Machine.state = 'Off'
    $Machine.startedMs = 0
    $Machine.stoppingUntilMs = 0
    $Machine.resetAfter = $false
    $Machine.guest.items = @()
    Clear-FakeAutomatic -World $World -Machine $Machine
}

function Save-FakeMachine {
    param([psobject]$Machine)
    if ($Machine.state -notin 'Running', 'Paused') { Deny-FakeWork -Id 'InvalidState' -Message 'In diesem Zustand kann nicht gespeichert werden.' }
    $Machine.state = 'Saved'
    $Machine.startedMs = 0
}

# Through the guest's shutdown service: one that is off or does not answer fails at once, one that ignores it stays "stopping".
function Invoke-FakeShutdown {
    param([psobject]$World, [psobject]$Machine, [bool]$Reboot = $false)
    if ($Machine.state -ne 'Running') { Deny-FakeWork -Id 'InvalidState' -Message 'Der virtuelle Computer wird nicht ausgefuehrt.' }
    $service = @($Machine.services | Where-Object { $_.component -eq '9F8233AC-BE49-4C79-8EE3-E7E1985B2077' })[0]
    if (-not $service.enabled -or -not $Machine.guest.heartbeat) { Deny-FakeWork -Id 'OperationFailed' -Message 'Der Gast kann nicht heruntergefahren werden: Das Geraet ist nicht bereit (0x80070015).' }
    if ($Machine.guest.shutdown -eq 'ignore') {
        if (-not $Reboot) { $Machine.state = 'Stopping' }
        return
    }
    if ($World.timing.shutdownMs -gt 0) {
        $Machine.state = 'Stopping'
        $Machine.resetAfter = $Reboot
        $Machine.stoppingUntilMs = (Get-FakeNow) + $World.timing.shutdownMs
        return
    }
    if ($Reboot) { $Machine.startedMs = Get-FakeNow } else { Invoke-FakeTurnOff -World $World -Machine $Machine }
}

# Until the machines are no longer stopping: for ever on Windows, timing.hangMs here.
function Wait-FakeGuest {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSReviewUnusedParameter', 'VM', Justification = 'used in the block')]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSReviewUnusedParameter', 'Name', Justification = 'used in the block')]
    param($Cmdlet, [object]$VM, [object]$Name)
    $fakeUntil = $null
    while ($true) {
        $answer = Invoke-FakeWorld -FakeBody {
            param($World)
            $stopping = @($World.vms | Where-Object { $_.state -eq 'Stopping' } | Where-Object { $machine = $_; ($null -ne $VM -and @($VM | Where-Object { "$($_.Id)" -eq $machine.id }).Count -gt 0) -or ($null -ne $Name -and @($Name | Where-Object { $machine.name -like $_ }).Count -gt 0) })
            [pscustomobject]@{ waiting = $stopping.Count; hangMs = $World.timing.hangMs }
        }
        if ($answer[0].waiting -eq 0) { return }
        if ($null -eq $fakeUntil) { $fakeUntil = (Get-FakeNow) + $answer[0].hangMs }
        if ((Get-FakeNow) -gt $fakeUntil) {
            try { Deny-FakeWork -Id 'OperationFailed' -Message 'Der Gast wurde nicht rechtzeitig heruntergefahren (0x800705B4).' } catch { Write-FakeError -Cmdlet $Cmdlet -Exception $_.Exception }
            return
        }
        [System.Threading.Thread]::Sleep(20)
    }
}
