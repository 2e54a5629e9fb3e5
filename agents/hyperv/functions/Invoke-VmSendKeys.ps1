function Invoke-VmSendKeys {
    <#
    .SYNOPSIS
    vm.send-keys: presses chords or types text at a running machine.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $spec = $Job.Spec
    $vm = Get-AgentVm -Id $spec['vm']
    Assert-AgentState -Vm $vm -State running -Message 'only a running one takes keys'
    $codes = Get-AgentKeyCode
    foreach ($chord in @($spec['chords'])) {
        foreach ($key in @($chord)) { if ($null -ne $key -and -not $codes.Contains([string]$key)) { throw (New-AgentFailure -Code SPEC_INVALID -Message "There is no key $key." -Pointer '/chords') } }
    }
    $keyboard = @(Get-CimAssociatedInstance -InputObject (Get-AgentCimVm -Vm $vm) -ResultClassName 'Msvm_Keyboard')
    if ($keyboard.Count -eq 0) { throw (New-AgentFailure -Code CONSOLE_UNSUPPORTED -Message 'The virtual machine has no keyboard.' -Pointer '/vm') }
    $sent = 0
    if ($spec['text'] -is [string]) {
        # TypeText knows printable ASCII; lines end by the key.
        foreach ($part in [regex]::Split($spec['text'], '([\n\t])')) {
            if ($part -ceq "`n") { $null = Invoke-AgentCimMethod -Instance $keyboard[0] -Method 'TypeKey' -Arguments @{ keyCode = [uint32]13 } }
            elseif ($part -ceq "`t") { $null = Invoke-AgentCimMethod -Instance $keyboard[0] -Method 'TypeKey' -Arguments @{ keyCode = [uint32]9 } }
            elseif ($part -ne '') { $null = Invoke-AgentCimMethod -Instance $keyboard[0] -Method 'TypeText' -Arguments @{ asciiText = $part } }
            $sent += $part.Length
        }
        return New-AgentResult -Message "$sent keys were sent." -Data ([ordered]@{ sent = $sent })
    }
    $hold = 50
    if ($null -ne $spec['hold_ms']) { $hold = [int]$spec['hold_ms'] }
    foreach ($chord in $spec['chords']) {
        $held = [System.Collections.Stack]::new()
        try {
            foreach ($key in $chord) {
                $null = Invoke-AgentCimMethod -Instance $keyboard[0] -Method 'PressKey' -Arguments @{ keyCode = [uint32]$codes[[string]$key] }
                $held.Push([uint32]$codes[[string]$key])
                $sent++
            }
            if ($hold -gt 0) { Start-Sleep -Milliseconds $hold }
        }
        finally { while ($held.Count -gt 0) { $null = Invoke-AgentCimMethod -Instance $keyboard[0] -Method 'ReleaseKey' -Arguments @{ keyCode = $held.Pop() } } }
    }
    New-AgentResult -Message "$sent keys were sent." -Data ([ordered]@{ sent = $sent })
}
